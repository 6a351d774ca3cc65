// The web app as a table: every address, the page behind it (loaded when it is first opened), and its place in the navigation.

import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { queries } from '~/api/queries'
import { Pending } from '~/ui/states'
import { NotFound, RouteError } from './failures'
import type { NavKey } from './messages'
import { Shell } from './shell'

/** Where a page stands in the navigation. */
export interface Nav {
  area: 'overview' | 'edge' | 'changes' | 'settings'
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

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound })

// Before anybody is signed in

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { return?: string } =>
    typeof search.return === 'string' ? { return: search.return } : {},
  component: lazyRouteComponent(() => import('~/pages/account/login'), 'LoginPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup-admin',
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search.token === 'string' ? { token: search.token } : {},
  component: lazyRouteComponent(() => import('~/pages/account/setup'), 'SetupPage'),
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
  component: lazyRouteComponent(() => import('~/pages/overview/overview'), 'OverviewPage'),
})

const tree = root.addChildren([login, setup, shell.addChildren([overview])])

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
