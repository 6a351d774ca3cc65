// What the pages read, each with its key. Components use these with `useQuery`; the event stream (`live.ts`) says when a key is
// out of date, so nothing here is polled.

import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { answer, api, unwrap } from './client'
import type { Document, UserView } from './schema'

/** The document as it is live, with its ETag. */
export interface LiveDocument {
  document: Document
  etag: string
}

function etagOf(response: Response): string {
  return (response.headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '')
}

export const queries = {
  whoami: () =>
    queryOptions({
      queryKey: ['whoami'],
      queryFn: async (): Promise<UserView | null> => (await unwrap(api.GET('/api/auth/whoami'))).user ?? null,
      staleTime: Number.POSITIVE_INFINITY,
    }),

  setup: () =>
    queryOptions({
      queryKey: ['setup'],
      queryFn: async () => (await unwrap(api.GET('/api/setup/status'))) as { needsSetup: boolean; hasToken: boolean },
    }),

  state: () =>
    queryOptions({
      queryKey: ['state'],
      queryFn: async ({ signal }): Promise<LiveDocument> => {
        const { data, response } = await answer(api.GET('/api/state', { signal }))
        return { document: data as Document, etag: etagOf(response) }
      },
      // Comparing two documents of five megabytes leaf by leaf would block a frame; the draft compares by entity.
      structuralSharing: false,
      staleTime: Number.POSITIVE_INFINITY,
    }),

  /** The JSON Schema of the document; it does not change while the daemon runs. */
  schema: () =>
    queryOptions({
      queryKey: ['schema'],
      queryFn: async () =>
        (await unwrap(api.GET('/api/state/schema'))) as unknown as { $defs: Record<string, unknown> },
      structuralSharing: false,
      staleTime: Number.POSITIVE_INFINITY,
    }),

  status: () => queryOptions({ queryKey: ['haproxy-status'], queryFn: () => unwrap(api.GET('/api/haproxy/status')) }),

  servers: () =>
    queryOptions({
      queryKey: ['haproxy-servers'],
      queryFn: async () => (await unwrap(api.GET('/api/haproxy/servers'))).servers,
      retry: false,
    }),

  snapshot: (id: string) =>
    queryOptions({
      queryKey: ['snapshots', id],
      queryFn: () => unwrap(api.GET('/api/snapshots/{id}', { params: { path: { id } } })),
      structuralSharing: false,
      staleTime: Number.POSITIVE_INFINITY,
    }),

  comparison: (from: string, to: string) =>
    queryOptions({
      queryKey: ['comparison', from, to],
      queryFn: () => unwrap(api.GET('/api/snapshots/{id}/diff', { params: { path: { id: from }, query: { to } } })),
    }),

  /** What a restore would do. A POST, but it changes nothing. */
  restorePlan: (id: string) =>
    queryOptions({
      queryKey: ['restore-plan', id],
      queryFn: () => unwrap(api.POST('/api/snapshots/{id}/plan', { params: { path: { id }, query: { check: true } } })),
      retry: false,
    }),

  audit: (filter: { category?: string; actor?: string; limit: number }) =>
    queryOptions({
      queryKey: ['audit', filter],
      // Not `/api/audit`, which on the listener of the mesh API is that API's own.
      queryFn: async () => (await unwrap(api.GET('/api/audit/entries', { params: { query: filter } }))).entries,
      placeholderData: keepPreviousData,
    }),

  keepalived: () =>
    queryOptions({
      queryKey: ['rendered', 'keepalived'],
      queryFn: async () => String(await unwrap(api.GET('/api/keepalived/cfg', { parseAs: 'text' }))),
    }),

  openapi: () =>
    queryOptions({
      queryKey: ['openapi'],
      queryFn: () => unwrap(api.GET('/api/openapi.json')),
      structuralSharing: false,
      staleTime: Number.POSITIVE_INFINITY,
    }),

  snapshots: () => queryOptions({ queryKey: ['snapshots'], queryFn: () => unwrap(api.GET('/api/snapshots')) }),

  users: () => queryOptions({ queryKey: ['users'], queryFn: () => unwrap(api.GET('/api/users')) }),

  tokens: () => queryOptions({ queryKey: ['tokens'], queryFn: () => unwrap(api.GET('/api/api-tokens')) }),

  sessions: () => queryOptions({ queryKey: ['sessions'], queryFn: () => unwrap(api.GET('/api/auth/sessions')) }),

  /** The daemon's own configuration; it does not change while the daemon runs. */
  config: () =>
    queryOptions({
      queryKey: ['config'],
      queryFn: () => unwrap(api.GET('/api/config')),
      staleTime: Number.POSITIVE_INFINITY,
    }),

  reconcilers: () => queryOptions({ queryKey: ['reconcilers'], queryFn: () => unwrap(api.GET('/api/reconcilers')) }),

  /** The rendered configuration: what lies on disk, or what the stored document renders to. */
  rendered: (source: 'disk' | 'state') =>
    queryOptions({
      queryKey: ['rendered', source],
      queryFn: async ({ signal }) =>
        String(await unwrap(api.GET('/api/haproxy/cfg', { params: { query: { source } }, parseAs: 'text', signal }))),
    }),
}
