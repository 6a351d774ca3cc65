// The web app as a table: every address, the page behind it (loaded when it is first opened), and its place in the navigation.

import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  type RouteComponent,
  redirect,
} from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { queries } from '~/api/queries'
import { TABS as FRONTEND_TABS, type FrontendTab } from '~/pages/edge/frontends/tabs'
import { type GlobalTab, TABS } from '~/pages/edge/global/parts'
import { SOURCES, type Source } from '~/pages/history/sources'
import { SPANS, type Span } from '~/pages/network/services/hours'
import { SHOWN, type Shown } from '~/pages/network/services/shown'
import { Soon } from '~/ui/soon'
import { Pending } from '~/ui/states'
import { NotFound, RouteError } from './failures'
import type { NavKey } from './messages'
import { Shell } from './shell'

/** Where a page stands in the navigation. */
export interface Nav {
  area: 'overview' | 'edge' | 'network' | 'changes' | 'settings'
  label: NavKey
  /** Without it the page is not offered. */
  permission?: string
}

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    nav?: Nav
  }
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

interface Context {
  client: QueryClient
}

/** A page in a file of its own. The router draws what arrives late without a pause; `Soon` makes one. */
function page<Key extends string>(load: () => Promise<Record<Key, () => ReactNode>>, name: Key) {
  const Late: RouteComponent = lazyRouteComponent<Record<Key, () => ReactNode>, Key>(load, name)
  const Page = () => (
    <Soon>
      <Late />
    </Soon>
  )
  return Object.assign(Page, { preload: () => Late.preload?.() })
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound })

// Before anybody is signed in

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { return?: string } =>
    typeof search.return === 'string' ? { return: search.return } : {},
  component: page(() => import('~/pages/account/login'), 'LoginPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup-admin',
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search.token === 'string' ? { token: search.token } : {},
  component: page(() => import('~/pages/account/setup'), 'SetupPage'),
})

// Behind the sign-in, inside the shell

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const user = await context.client.ensureQueryData(queries.whoami())
    if (user) return
    const status = await context.client.ensureQueryData(queries.setup())
    if (status.needsSetup) throw redirect({ to: '/setup-admin' })
    throw redirect({ to: '/login', search: location.href === '/' ? {} : { return: location.href } })
  },
})

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/',
  staticData: { nav: { area: 'overview', label: 'nav.overview' } },
  component: page(() => import('~/pages/overview/overview'), 'OverviewPage'),
})

// The edge: routes, conditions, and the sections around frontends and backends

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** A list: its filter, and whether a new entry is being made. */
const listSearch = (search: Record<string, unknown>): { q?: string; new?: boolean; field?: string } => ({
  ...(text(search.q) && { q: String(search.q) }),
  ...(search.new === true && { new: true }),
  ...(text(search.field) && { field: String(search.field) }),
})

/** A form: the pointer of the field to focus. */
const fieldSearch = (search: Record<string, unknown>): { field?: string } =>
  text(search.field) ? { field: String(search.field) } : {}

const EDGE = 'edge:state:read'

const edgeFrontends = createRoute({
  getParentRoute: () => shell,
  path: '/edge/frontends',
  staticData: { nav: { area: 'edge', label: 'nav.frontends', permission: EDGE } },
  validateSearch: listSearch,
  component: page(() => import('~/pages/edge/frontends/list'), 'FrontendsPage'),
})

const edgeFrontend = createRoute({
  getParentRoute: () => shell,
  path: '/edge/frontends/$id',
  validateSearch: (search: Record<string, unknown>): { tab?: FrontendTab; field?: string } => {
    const tab = FRONTEND_TABS.find((each) => each === search.tab)
    return { ...(tab && { tab }), ...fieldSearch(search) }
  },
  component: page(() => import('~/pages/edge/frontends/editor'), 'FrontendPage'),
})

const edgeBackends = createRoute({
  getParentRoute: () => shell,
  path: '/edge/backends',
  staticData: { nav: { area: 'edge', label: 'nav.backends', permission: EDGE } },
  validateSearch: listSearch,
  component: page(() => import('~/pages/edge/backends/list'), 'BackendsPage'),
})

const edgeBackend = createRoute({
  getParentRoute: () => shell,
  path: '/edge/backends/$id',
  validateSearch: fieldSearch,
  component: page(() => import('~/pages/edge/backends/editor'), 'BackendPage'),
})

const edgeRoutes = createRoute({
  getParentRoute: () => shell,
  path: '/edge/routes',
  staticData: { nav: { area: 'edge', label: 'nav.routes', permission: EDGE } },
  validateSearch: (search: Record<string, unknown>): { q?: string; edit?: string } => ({
    ...(text(search.q) && { q: String(search.q) }),
    ...(text(search.edit) && { edit: String(search.edit) }),
  }),
  component: page(() => import('~/pages/edge/routes/routes'), 'RoutesPage'),
})

const edgeAcls = createRoute({
  getParentRoute: () => shell,
  path: '/edge/acls',
  staticData: { nav: { area: 'edge', label: 'nav.acls', permission: EDGE } },
  validateSearch: listSearch,
  component: page(() => import('~/pages/edge/acls/list'), 'AclsPage'),
})

const edgeAcl = createRoute({
  getParentRoute: () => shell,
  path: '/edge/acls/$id',
  validateSearch: fieldSearch,
  component: page(() => import('~/pages/edge/acls/editor'), 'AclPage'),
})

const sectionPages = () => import('~/pages/edge/sections/pages')

const edgeTopology = createRoute({
  getParentRoute: () => shell,
  path: '/edge/topology',
  staticData: { nav: { area: 'edge', label: 'nav.topology', permission: EDGE } },
  validateSearch: (search: Record<string, unknown>): { q?: string; frontend?: string; troubled?: boolean } => ({
    ...(text(search.q) && { q: String(search.q) }),
    ...(text(search.frontend) && { frontend: String(search.frontend) }),
    ...(search.troubled === true && { troubled: true }),
  }),
  component: page(() => import('~/pages/edge/topology/page'), 'TopologyPage'),
})

const edgeSecurity = createRoute({
  getParentRoute: () => shell,
  path: '/edge/security',
  staticData: { nav: { area: 'edge', label: 'nav.security', permission: EDGE } },
  validateSearch: listSearch,
  component: page(sectionPages, 'SecurityPage'),
})

const edgeSecurityProfile = createRoute({
  getParentRoute: () => shell,
  path: '/edge/security/$id',
  validateSearch: fieldSearch,
  component: page(sectionPages, 'SecurityProfilePage'),
})

const edgeAuth = createRoute({
  getParentRoute: () => shell,
  path: '/edge/auth',
  staticData: { nav: { area: 'edge', label: 'nav.auth', permission: EDGE } },
  validateSearch: listSearch,
  component: page(sectionPages, 'AuthPage'),
})

const edgeAuthProvider = createRoute({
  getParentRoute: () => shell,
  path: '/edge/auth/$id',
  validateSearch: fieldSearch,
  component: page(sectionPages, 'AuthProviderPage'),
})

const edgeErrorPages = createRoute({
  getParentRoute: () => shell,
  path: '/edge/error-pages',
  staticData: { nav: { area: 'edge', label: 'nav.errorPages', permission: EDGE } },
  validateSearch: (search: Record<string, unknown>): { of?: string } =>
    text(search.of) ? { of: String(search.of) } : {},
  component: page(() => import('~/pages/edge/errors/page'), 'ErrorPagesPage'),
})

const edgeDefaults = createRoute({
  getParentRoute: () => shell,
  path: '/edge/defaults',
  staticData: { nav: { area: 'edge', label: 'nav.defaults', permission: EDGE } },
  validateSearch: listSearch,
  component: page(sectionPages, 'DefaultsPage'),
})

const edgeDefaultsBlock = createRoute({
  getParentRoute: () => shell,
  path: '/edge/defaults/$id',
  validateSearch: fieldSearch,
  component: page(sectionPages, 'DefaultsBlockPage'),
})

const edgeGlobal = createRoute({
  getParentRoute: () => shell,
  path: '/edge/global',
  staticData: { nav: { area: 'edge', label: 'nav.global', permission: EDGE } },
  validateSearch: (search: Record<string, unknown>): { tab?: GlobalTab; field?: string } => {
    const tab = TABS.find((each) => each === search.tab)
    return { ...(tab && { tab }), ...fieldSearch(search) }
  },
  component: page(() => import('~/pages/edge/global/page'), 'GlobalPage'),
})

const edgeSections = createRoute({
  getParentRoute: () => shell,
  path: '/edge/sections',
  staticData: { nav: { area: 'edge', label: 'nav.sections', permission: EDGE } },
  component: page(sectionPages, 'SectionsPage'),
})

const edgeSection = createRoute({
  getParentRoute: () => shell,
  path: '/edge/sections/$section',
  validateSearch: listSearch,
  component: page(sectionPages, 'SectionPage'),
})

const edgeSectionEntry = createRoute({
  getParentRoute: () => shell,
  path: '/edge/sections/$section/$id',
  validateSearch: fieldSearch,
  component: page(sectionPages, 'SectionEntryPage'),
})

const keepalivedPage = () => import('~/pages/edge/keepalived/page')

const edgeKeepalived = createRoute({
  getParentRoute: () => shell,
  path: '/edge/keepalived',
  staticData: { nav: { area: 'edge', label: 'nav.keepalived', permission: EDGE } },
  validateSearch: listSearch,
  component: page(keepalivedPage, 'KeepalivedPage'),
})

const edgeKeepalivedPart = createRoute({
  getParentRoute: () => shell,
  path: '/edge/keepalived/$part',
  validateSearch: listSearch,
  component: page(keepalivedPage, 'KeepalivedPage'),
})

const edgeKeepalivedItem = createRoute({
  getParentRoute: () => shell,
  path: '/edge/keepalived/$part/$id',
  validateSearch: fieldSearch,
  component: page(keepalivedPage, 'KeepalivedItemPage'),
})

const edgeJson = createRoute({
  getParentRoute: () => shell,
  path: '/edge/json',
  staticData: { nav: { area: 'edge', label: 'nav.json', permission: EDGE } },
  validateSearch: (search: Record<string, unknown>): { at?: string; all?: boolean } => ({
    ...(text(search.at) && { at: String(search.at) }),
    ...(search.all === true && { all: true }),
  }),
  component: page(() => import('~/pages/edge/json/page'), 'JsonPage'),
})

// The network: names, routes and certificates of internal services

const MESH = 'mesh:read'

const services = createRoute({
  getParentRoute: () => shell,
  path: '/network/services',
  staticData: { nav: { area: 'network', label: 'nav.services', permission: MESH } },
  validateSearch: (search: Record<string, unknown>): { q?: string; state?: Shown; new?: boolean } => {
    const state = SHOWN.find((each) => each === search.state)
    return {
      ...(text(search.q) && { q: String(search.q) }),
      ...(state && { state }),
      ...(search.new === true && { new: true }),
    }
  },
  component: page(() => import('~/pages/network/services/list'), 'ServicesPage'),
})

const service = createRoute({
  getParentRoute: () => shell,
  path: '/network/services/$name',
  validateSearch: (search: Record<string, unknown>): { hours?: Span } => {
    const hours = SPANS.find((each) => each === search.hours)
    return hours ? { hours } : {}
  },
  component: page(() => import('~/pages/network/services/detail'), 'ServicePage'),
})

const dns = createRoute({
  getParentRoute: () => shell,
  path: '/network/dns',
  staticData: { nav: { area: 'network', label: 'nav.dns', permission: MESH } },
  validateSearch: (search: Record<string, unknown>): { q?: string; ask?: string } => ({
    ...(text(search.q) && { q: String(search.q) }),
    ...(text(search.ask) && { ask: String(search.ask) }),
  }),
  component: page(() => import('~/pages/network/dns/page'), 'DnsPage'),
})

const certificates = createRoute({
  getParentRoute: () => shell,
  path: '/network/certificates',
  staticData: { nav: { area: 'network', label: 'nav.certificates', permission: MESH } },
  validateSearch: (search: Record<string, unknown>): { q?: string; inspect?: string } => ({
    ...(text(search.q) && { q: String(search.q) }),
    ...(text(search.inspect) && { inspect: String(search.inspect) }),
  }),
  component: page(() => import('~/pages/network/certificates/page'), 'CertificatesPage'),
})

const meshRoutes = createRoute({
  getParentRoute: () => shell,
  path: '/network/routes',
  staticData: { nav: { area: 'network', label: 'nav.meshRoutes', permission: MESH } },
  validateSearch: (search: Record<string, unknown>): { q?: string } => (text(search.q) ? { q: String(search.q) } : {}),
  component: page(() => import('~/pages/network/routes/page'), 'MeshRoutesPage'),
})

const machines = createRoute({
  getParentRoute: () => shell,
  path: '/network/servers',
  staticData: { nav: { area: 'network', label: 'nav.machines', permission: MESH } },
  validateSearch: (search: Record<string, unknown>): { q?: string; new?: boolean } => ({
    ...(text(search.q) && { q: String(search.q) }),
    ...(search.new === true && { new: true }),
  }),
  component: page(() => import('~/pages/network/servers/page'), 'ServersPage'),
})

// The way of every change, and what came of it

const changes = createRoute({
  getParentRoute: () => shell,
  path: '/changes',
  staticData: { nav: { area: 'changes', label: 'nav.review', permission: EDGE } },
  component: page(() => import('~/pages/changes/review'), 'ReviewPage'),
})

const rendered = createRoute({
  getParentRoute: () => shell,
  path: '/config',
  staticData: { nav: { area: 'changes', label: 'nav.rendered', permission: 'edge:haproxy:read' } },
  validateSearch: (search: Record<string, unknown>): { source?: Source } => {
    const source = SOURCES.find((each) => each === search.source)
    return source ? { source } : {}
  },
  component: page(() => import('~/pages/history/rendered'), 'RenderedPage'),
})

const snapshots = createRoute({
  getParentRoute: () => shell,
  path: '/snapshots',
  staticData: { nav: { area: 'changes', label: 'nav.snapshots', permission: 'edge:snapshots:read' } },
  component: page(() => import('~/pages/history/snapshots'), 'SnapshotsPage'),
})

const snapshot = createRoute({
  getParentRoute: () => shell,
  path: '/snapshots/$id',
  validateSearch: (search: Record<string, unknown>): { against?: string } =>
    text(search.against) ? { against: String(search.against) } : {},
  component: page(() => import('~/pages/history/snapshot'), 'SnapshotPage'),
})

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  staticData: { nav: { area: 'settings', label: 'nav.audit', permission: 'audit:read' } },
  validateSearch: (
    search: Record<string, unknown>,
  ): { category?: string; actor?: string; outcome?: string; q?: string } =>
    Object.fromEntries(
      ['category', 'actor', 'outcome', 'q'].flatMap((key) => (text(search[key]) ? [[key, String(search[key])]] : [])),
    ),
  component: page(() => import('~/pages/audit/audit'), 'AuditPage'),
})

const users = createRoute({
  getParentRoute: () => shell,
  path: '/settings/users',
  staticData: { nav: { area: 'settings', label: 'nav.users', permission: 'identity:users:read' } },
  component: page(() => import('~/pages/settings/users'), 'UsersPage'),
})

const config = createRoute({
  getParentRoute: () => shell,
  path: '/settings/config',
  staticData: { nav: { area: 'settings', label: 'nav.settings', permission: 'config:read' } },
  component: page(() => import('~/pages/settings/config'), 'ConfigPage'),
})

const jobs = createRoute({
  getParentRoute: () => shell,
  path: '/settings/jobs',
  staticData: { nav: { area: 'settings', label: 'nav.jobs', permission: 'jobs:read' } },
  component: page(() => import('~/pages/settings/jobs'), 'JobsPage'),
})

const reference = createRoute({
  getParentRoute: () => shell,
  path: '/settings/reference',
  staticData: { nav: { area: 'settings', label: 'nav.reference' } },
  component: page(() => import('~/pages/settings/reference'), 'ReferencePage'),
})

// One's own

const profile = createRoute({
  getParentRoute: () => shell,
  path: '/profile',
  component: page(() => import('~/pages/account/profile'), 'ProfilePage'),
})

const welcome = createRoute({
  getParentRoute: () => shell,
  path: '/welcome',
  validateSearch: (
    search: Record<string, unknown>,
  ): { step?: number; backend?: string; frontend?: string; host?: string } => ({
    ...(typeof search.step === 'number' && search.step >= 1 && search.step <= 4 && { step: search.step }),
    ...(text(search.backend) && { backend: String(search.backend) }),
    ...(text(search.frontend) && { frontend: String(search.frontend) }),
    ...(text(search.host) && { host: String(search.host) }),
  }),
  component: page(() => import('~/pages/account/wizard'), 'WizardPage'),
})

const tree = root.addChildren([
  login,
  setup,
  shell.addChildren([
    overview,
    edgeFrontends,
    edgeFrontend,
    edgeBackends,
    edgeBackend,
    edgeRoutes,
    edgeAcls,
    edgeAcl,
    edgeTopology,
    edgeSecurity,
    edgeSecurityProfile,
    edgeAuth,
    edgeAuthProvider,
    edgeErrorPages,
    edgeDefaults,
    edgeDefaultsBlock,
    edgeGlobal,
    edgeSections,
    edgeSection,
    edgeSectionEntry,
    edgeKeepalived,
    edgeKeepalivedPart,
    edgeKeepalivedItem,
    edgeJson,
    services,
    service,
    dns,
    certificates,
    meshRoutes,
    machines,
    changes,
    rendered,
    snapshots,
    snapshot,
    audit,
    users,
    config,
    jobs,
    reference,
    profile,
    welcome,
  ]),
])

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: 'intent',
    defaultPendingComponent: Pending,
    defaultErrorComponent: RouteError,
    scrollRestoration: true,
    // Every page keeps its filters in the address, so an address is a view that can be sent to a colleague.
    defaultStructuralSharing: true,
  })
}
