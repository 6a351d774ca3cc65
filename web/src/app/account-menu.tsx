import { Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { IconLanguage, IconLogout, IconMoon, IconSun, IconUserCircle } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { LANGUAGES, useLanguage, useMessages } from '~/i18n'
import { AccountButton } from './account'
import { useSetLanguage } from './app'
import { messages } from './messages'
import { useSignOut, useUser } from './session'

/** The account, and what this browser remembers: theme and language. */
export default function AccountMenu() {
  const t = useMessages(messages)
  const user = useUser()
  const language = useLanguage()
  const setLanguage = useSetLanguage()
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const signOut = useSignOut()
  const dark = scheme === 'dark'
  return (
    <Menu position="bottom-end" width={230} withinPortal defaultOpened>
      <Menu.Target>
        <AccountButton />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className="mono">{`${user?.username ?? ''} · ${user?.role ?? ''}`}</Menu.Label>
        <Menu.Item component={Link} to="/profile" leftSection={<IconUserCircle size={16} />}>
          {t('nav.profile')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={dark ? <IconSun size={16} /> : <IconMoon size={16} />}
          onClick={() => setColorScheme(dark ? 'light' : 'dark')}
        >
          {t(dark ? 'shell.light' : 'shell.dark')}
        </Menu.Item>
        {LANGUAGES.filter((other) => other !== language).map((other) => (
          <Menu.Item
            key={other}
            lang={other}
            leftSection={<IconLanguage size={16} />}
            onClick={() => setLanguage(other)}
          >
            {t(`language.${other}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut()}>
          {t('shell.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
