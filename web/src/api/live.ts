// The event stream. The browser reconnects by itself with the number of the last event it saw, so nothing is missed; the event
// `reset` says that this is no longer possible, and then everything is read anew.

import type { QueryClient } from '@tanstack/react-query'

/** Which reads an event makes out of date. */
const STALE: Readonly<Record<string, readonly string[]>> = {
  'state.applied': ['state', 'snapshots', 'rendered', 'haproxy-status', 'haproxy-servers'],
  'audit.recorded': ['audit'],
  'state.failed': ['audit', 'haproxy-status'],
  'haproxy.servers': ['haproxy-servers', 'haproxy-status'],
  'identity.changed': ['users', 'tokens', 'sessions', 'whoami'],
  'mesh.services': ['mesh-services', 'mesh-status', 'mesh-dns', 'mesh-resolved', 'mesh-certificates', 'mesh-routes'],
  'mesh.dns': ['mesh-texts', 'mesh-resolved'],
  'mesh.health': ['mesh-services', 'mesh-status', 'mesh-routes', 'mesh-history'],
  'mesh.certificates': ['mesh-certificates', 'mesh-acme', 'mesh-status', 'mesh-ca'],
  'mesh.servers': ['mesh-servers', 'mesh-containers', 'mesh-status'],
}

/** Events of the same kind come in bursts, such as a thousand services registered at once: one read for all of a moment. */
const MOMENT = 300

/**
 * Calls `act` at once for the first of a burst of the same key, and again for those that came meanwhile. What it does is never
 * begun anew before it is done, and takes at most half of the time.
 */
export function calmly(act: (key: string) => Promise<unknown>): (key: string) => void {
  const waiting = new Map<string, boolean>()
  const begin = async (key: string) => {
    do {
      waiting.set(key, false)
      const from = Date.now()
      // A read that failed is the page's to show.
      await act(key).catch(() => {})
      await new Promise((done) => setTimeout(done, Math.max(MOMENT, Date.now() - from)))
    } while (waiting.get(key))
    waiting.delete(key)
  }
  return (key) => {
    if (waiting.has(key)) waiting.set(key, true)
    else void begin(key)
  }
}

/** Events that pages follow themselves; see {@link follow}. */
export type Kind = 'state.applied' | 'state.progress' | 'state.failed' | 'haproxy.servers' | 'audit.recorded'
const FOLLOWED: readonly Kind[] = [
  'state.applied',
  'state.progress',
  'state.failed',
  'haproxy.servers',
  'audit.recorded',
]

type Listener = (data: unknown) => void
const listeners = new Map<Kind, Set<Listener>>()

/** Calls `listener` with the data of every event of a kind, until the returned function is called. */
export function follow(kind: Kind, listener: Listener): () => void {
  const some = listeners.get(kind) ?? new Set()
  some.add(listener)
  listeners.set(kind, some)
  return () => some.delete(listener)
}

export type Connection = 'connecting' | 'live' | 'lost'

/** The stream's state, for the sign in the header. */
export const connection = {
  state: 'connecting' as Connection,
  listeners: new Set<() => void>(),
  subscribe(listener: () => void): () => void {
    connection.listeners.add(listener)
    return () => connection.listeners.delete(listener)
  },
  set(state: Connection): void {
    if (state === connection.state) return
    connection.state = state
    for (const listener of connection.listeners) listener()
  },
}

/** Opens the stream; the returned function closes it. */
export function connect(client: QueryClient): () => void {
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let closed = false
  const stale = calmly((key) => client.invalidateQueries({ queryKey: [key] }))
  const open = () => {
    source = new EventSource('/api/events')
    source.onopen = () => {
      if (connection.state === 'lost') void client.invalidateQueries()
      connection.set('live')
    }
    source.onerror = () => {
      connection.set('lost')
      // A refusal (signed out, too many streams) closes the source for good: ask who we are, and try again later.
      if (source?.readyState === EventSource.CLOSED && !closed) {
        void client.invalidateQueries({ queryKey: ['whoami'] })
        retry = setTimeout(open, 5_000)
      }
    }
    source.addEventListener('reset', () => void client.invalidateQueries())
    for (const [kind, keys] of Object.entries(STALE)) {
      source.addEventListener(kind, () => {
        for (const key of keys) stale(key)
      })
    }
    for (const kind of FOLLOWED) {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        const data: unknown = JSON.parse(event.data)
        for (const listener of listeners.get(kind) ?? []) listener(data)
      })
    }
  }
  open()
  return () => {
    closed = true
    clearTimeout(retry)
    source?.close()
    connection.set('connecting')
  }
}
