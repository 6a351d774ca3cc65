// What the pages of the network area read. The event stream says when a service, its health or a certificate changed; what
// changes without an event (the time of the last check, the load of a machine) is asked for again while a page shows it.

import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import { meshStatus } from './mesh-status'

/** Milliseconds between two reads of what changes by itself. */
const FRESH = 10_000
/** Of that what costs its machines something. */
const MACHINES = 15_000
/** So many services are read at the slower pace only: their answer is large. */
const MANY = 500

export const mesh = {
  status: meshStatus,

  services: () =>
    queryOptions({
      queryKey: ['mesh-services'],
      queryFn: async () => (await unwrap(api.GET('/mesh/api/services'))).services,
      refetchInterval: ({ state }) => ((state.data?.length ?? 0) > MANY ? 6 * FRESH : FRESH),
    }),

  /** How a service was over so many hours. */
  history: (name: string, hours: number) =>
    queryOptions({
      queryKey: ['mesh-history', name, hours],
      queryFn: () =>
        unwrap(api.GET('/mesh/api/services/{name}/history', { params: { path: { name }, query: { hours } } })),
      placeholderData: keepPreviousData,
      refetchInterval: 6 * FRESH,
    }),

  /** The newest requests that its route answered. */
  requests: (name: string) =>
    queryOptions({
      queryKey: ['mesh-requests', name],
      queryFn: () =>
        unwrap(api.GET('/mesh/api/routing/{name}/requests', { params: { path: { name }, query: { limit: 20 } } })),
    }),

  dns: () =>
    queryOptions({
      queryKey: ['mesh-dns'],
      queryFn: async () => (await unwrap(api.GET('/mesh/api/dns'))).entries,
    }),

  texts: () =>
    queryOptions({
      queryKey: ['mesh-texts'],
      queryFn: async () => (await unwrap(api.GET('/mesh/api/dns/txt'))).texts,
    }),

  /** What the DNS server answers for a name, and why. */
  resolved: (domain: string) =>
    queryOptions({
      queryKey: ['mesh-resolved', domain],
      queryFn: async ({ signal }) => {
        const params = { query: { domain } }
        const [answer, reason] = await Promise.all([
          unwrap(api.GET('/mesh/api/dns/resolve', { params, signal })),
          unwrap(api.GET('/mesh/api/dns/explain', { params, signal })),
        ])
        return { answer, reason }
      },
      retry: false,
      staleTime: 0,
    }),

  certificates: () =>
    queryOptions({
      queryKey: ['mesh-certificates'],
      queryFn: async () => (await unwrap(api.GET('/mesh/api/tls'))).certs,
    }),

  inspected: (name: string) =>
    queryOptions({
      queryKey: ['mesh-certificates', name],
      queryFn: () => unwrap(api.GET('/mesh/api/tls/{name}/inspect', { params: { path: { name } } })),
    }),

  /** What other machines have had by ACME, the newest first. */
  acme: () =>
    queryOptions({
      queryKey: ['mesh-acme'],
      queryFn: async () => (await unwrap(api.GET('/mesh/api/tls/acme'))).certs,
    }),

  authority: () => queryOptions({ queryKey: ['mesh-ca'], queryFn: () => unwrap(api.GET('/mesh/api/tls/ca')) }),

  routes: () =>
    queryOptions({
      queryKey: ['mesh-routes'],
      queryFn: async () => (await unwrap(api.GET('/mesh/api/routing'))).routes,
      refetchInterval: FRESH,
    }),

  machines: () =>
    queryOptions({
      queryKey: ['mesh-servers'],
      queryFn: async () => (await unwrap(api.GET('/mesh/api/servers'))).servers,
      refetchInterval: MACHINES,
    }),

  containers: () =>
    queryOptions({
      queryKey: ['mesh-containers'],
      queryFn: () => unwrap(api.GET('/mesh/api/servers/containers')),
      refetchInterval: MACHINES,
    }),

  /** The public half of the key that the daemon signs in with where none is given. */
  ownKey: () =>
    queryOptions({
      queryKey: ['mesh-own-key'],
      queryFn: () => unwrap(api.GET('/mesh/api/servers/key')),
      staleTime: Number.POSITIVE_INFINITY,
    }),
}
