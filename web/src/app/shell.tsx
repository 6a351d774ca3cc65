// The frame around every page after signing in: navigation, the draft's bar, the live sign, the account.

import { ActionIcon, AppShell, Box, Burger, Group, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import { connect } from '~/api/live'
import { queries } from '~/api/queries'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { Soon } from '~/ui/soon'
import { Account } from './account'
import { DraftBar } from './draft-bar'
import { LiveSign } from './live-sign'
import { messages } from './messages'
import { Navigation } from './navigation'
import { useUser } from './session'
import classes from './shell.module.css'

const Palette = lazy(() => import('./palette'))

export function Shell() {
  const user = useUser()
  return user ? <Frame key={user.username} username={user.username} /> : <SignedOut />
}

/** Signed out here or elsewhere: the page that was open is where the sign-in leads back to. */
function SignedOut() {
  const { pathname, href } = useLocation()
  // While that page is being loaded this one is still here, and must not lead there again.
  return pathname === '/login' ? null : <Navigate to="/login" search={{ return: href }} />
}

/** Does not look where the page is: what is around it would be drawn anew with every address. */
function Frame({ username }: { username: string }) {
  const t = useMessages(messages)
  const [opened, menu] = useDisclosure(false)
  const [palette, setPalette] = useState(false)
  useHotkeys([['mod+K', () => setPalette(true)]], [])
  useLiveDraft(username)
  return (
    <AppShell
      layout="alt"
      header={{ height: 52 }}
      navbar={{ width: 224, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a className="skip-link" href="#page">
        {t('shell.skip')}
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px={{ base: 'sm', sm: 'lg' }} gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={t('shell.menu')} />
            <UnstyledButton className={classes.search} onClick={() => setPalette(true)} visibleFrom="sm">
              <IconSearch size={15} aria-hidden />
              <Text size="sm" span>
                {t('shell.search')}
              </Text>
              <kbd className={classes.kbd}>{'Ctrl K'}</kbd>
            </UnstyledButton>
            <ActionIcon
              hiddenFrom="sm"
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('shell.search')}
              onClick={() => setPalette(true)}
            >
              <IconSearch size={18} />
            </ActionIcon>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <DraftBar />
            <LiveSign />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar}>
        <Group h={52} px="md" gap={10} wrap="nowrap" justify="space-between" className={classes.brand}>
          <Link to="/" className={classes.logo}>
            <img src="/favicon.svg" alt="" width={24} height={24} />
            <Text fw={700} size="lg" span>
              {'Plenum'}
            </Text>
          </Link>
          <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={t('shell.menu')} />
        </Group>
        <div className={classes.scroll}>
          <Navigation />
        </div>
      </AppShell.Navbar>
      <AppShell.Main className={classes.main}>
        <Box id="page" tabIndex={-1} className={classes.page}>
          <Opened closeMenu={menu.close} />
        </Box>
      </AppShell.Main>
      {palette && (
        <Suspense>
          <Palette close={() => setPalette(false)} />
        </Suspense>
      )}
    </AppShell>
  )
}

/** The page that is open. */
function Opened({ closeMenu }: { closeMenu: () => void }) {
  const pathname = useLocation({ select: (location) => location.pathname })
  // biome-ignore lint/correctness/useExhaustiveDependencies: going to another page closes the menu that led there.
  useEffect(closeMenu, [pathname])
  return (
    <Soon key={pathname}>
      <Outlet />
    </Soon>
  )
}

/** Opens the event stream, and tells the draft about every new live document. */
function useLiveDraft(username: string): void {
  const client = useQueryClient()
  const { data } = useQuery(queries.state())
  useEffect(() => connect(client), [client])
  useEffect(() => draft.open(username), [username])
  useEffect(() => {
    if (data) void draft.live(data.document, data.etag)
  }, [data])
}
