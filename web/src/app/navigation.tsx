import { NavLink, Stack, Text } from '@mantine/core'
import {
  IconAdjustments,
  IconArrowsSplit2,
  IconBook2,
  IconBraces,
  IconCamera,
  IconCertificate,
  IconClockPlay,
  IconFileCode,
  IconFilter,
  IconGauge,
  IconGitPullRequest,
  IconHeartHandshake,
  IconKey,
  IconLayoutList,
  IconListDetails,
  type IconProps,
  IconRoute,
  IconRouteAltRight,
  IconServer,
  IconSettings,
  IconShieldLock,
  IconSitemap,
  IconStack2,
  IconTopologyBus,
  IconTopologyStar3,
  IconUsers,
  IconWorldOff,
  IconWorldSearch,
} from '@tabler/icons-react'
import { Link, useLocation, useRouter } from '@tanstack/react-router'
import { type ComponentType, memo, useMemo } from 'react'
import { useMessages } from '~/i18n'
import { messages, type NavKey } from './messages'
import type { Nav } from './routes'
import { useUser } from './session'

const ICONS: Partial<Record<NavKey, ComponentType<IconProps>>> = {
  'nav.overview': IconGauge,
  'nav.frontends': IconArrowsSplit2,
  'nav.backends': IconStack2,
  'nav.routes': IconRoute,
  'nav.acls': IconFilter,
  'nav.topology': IconTopologyStar3,
  'nav.security': IconShieldLock,
  'nav.auth': IconKey,
  'nav.errorPages': IconWorldOff,
  'nav.defaults': IconLayoutList,
  'nav.global': IconAdjustments,
  'nav.sections': IconListDetails,
  'nav.keepalived': IconHeartHandshake,
  'nav.json': IconBraces,
  'nav.services': IconTopologyBus,
  'nav.dns': IconWorldSearch,
  'nav.certificates': IconCertificate,
  'nav.meshRoutes': IconRouteAltRight,
  'nav.machines': IconServer,
  'nav.review': IconGitPullRequest,
  'nav.rendered': IconFileCode,
  'nav.snapshots': IconCamera,
  'nav.audit': IconSitemap,
  'nav.users': IconUsers,
  'nav.settings': IconSettings,
  'nav.jobs': IconClockPlay,
  'nav.reference': IconBook2,
}

/** A page that the navigation offers to this user. */
export interface NavEntry extends Nav {
  path: string
}

/** Every page that this user may open and that stands in the navigation, in the order of the route table. */
export function useNavEntries(): NavEntry[] {
  const router = useRouter()
  const user = useUser()
  return useMemo(() => {
    const entries: NavEntry[] = []
    for (const route of Object.values(router.routesByPath)) {
      const nav = (route.options as { staticData?: { nav?: Nav } }).staticData?.nav
      if (nav && (!nav.permission || user?.permissions.includes(nav.permission))) {
        entries.push({ ...nav, path: route.fullPath })
      }
    }
    return entries
  }, [router, user])
}

const AREAS: Nav['area'][] = ['overview', 'edge', 'network', 'changes', 'settings']

export const Navigation = memo(function Navigation() {
  const t = useMessages(messages)
  const entries = useNavEntries()
  const pathname = useLocation({ select: (location) => location.pathname })
  return (
    <Stack component="nav" gap={2} p="xs" aria-label={t('shell.menu')}>
      {AREAS.map((area) => {
        const here = entries.filter((entry) => entry.area === area)
        if (here.length === 0) return null
        return (
          <Stack key={area} gap={0} mb="xs">
            {area !== 'overview' && (
              <Text size="xs" fw={650} c="dimmed" px="sm" pt={4} pb={2} tt="uppercase" lts={0.4}>
                {t(`area.${area}`)}
              </Text>
            )}
            {here.map(({ path, label }) => (
              <Entry
                key={path}
                path={path}
                label={label}
                active={path === '/' ? pathname === '/' : pathname === path || pathname.startsWith(`${path}/`)}
              />
            ))}
          </Stack>
        )
      })}
    </Stack>
  )
})

/** Only the page that was left and the one that is opened are drawn anew. */
const Entry = memo(function Entry({ path, label, active }: { path: string; label: NavKey; active: boolean }) {
  const t = useMessages(messages)
  const Icon = ICONS[label]
  return (
    <NavLink
      renderRoot={(props) => <Link to={path} {...props} />}
      label={t(label)}
      leftSection={Icon && <Icon size={17} stroke={1.6} aria-hidden />}
      active={active}
      aria-current={active ? 'page' : undefined}
      py={6}
      style={{ borderRadius: 7 }}
    />
  )
})
