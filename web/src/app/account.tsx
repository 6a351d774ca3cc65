import { ActionIcon, type ActionIconProps } from '@mantine/core'
import { IconUserCircle } from '@tabler/icons-react'
import { type ComponentPropsWithRef, lazy, Suspense, useState } from 'react'
import { useMessages } from '~/i18n'
import { messages } from './messages'
import { useUser } from './session'

const AccountMenu = lazy(() => import('./account-menu'))

export function AccountButton(props: ActionIconProps & ComponentPropsWithRef<'button'>) {
  const t = useMessages(messages)
  const user = useUser()
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-haspopup="menu"
      aria-label={t('shell.account', { name: user?.username ?? '' })}
      {...props}
    >
      <IconUserCircle size={21} stroke={1.6} />
    </ActionIcon>
  )
}

/** The account's button; its menu is loaded when it is first opened, because menus bring their own positioning engine. */
export function Account() {
  const [wanted, setWanted] = useState(false)
  const button = <AccountButton onClick={() => setWanted(true)} />
  if (!wanted) return button
  return (
    <Suspense fallback={button}>
      <AccountMenu />
    </Suspense>
  )
}
