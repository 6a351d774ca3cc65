// How servers do, in one set of words and colours for every page.

import type { LiveServer } from '~/api/schema'
import { catalogue } from '~/i18n'

/** What a state asks of whoever sees it: nothing, a look, to act; `idle` says nothing either way. */
export type Health = 'good' | 'look' | 'act' | 'idle'

export const HEALTH: Record<LiveServer['state'], Health> = {
  up: 'good',
  down: 'act',
  drain: 'look',
  maint: 'look',
  unchecked: 'idle',
}

/** The colour of each, in the theme's terms and as CSS. */
export const COLOURS = { good: 'green.7', look: 'yellow.6', act: 'red.7', idle: 'gray.5' } as const satisfies Record<
  Health,
  string
>

export function cssColour(health: Health): string {
  return `var(--mantine-color-${COLOURS[health].replace('.', '-')})`
}

/** How many servers are in each state, those that need a look first. */
export function countStates(servers: readonly LiveServer[]): [LiveServer['state'], number][] {
  const counts = new Map<LiveServer['state'], number>()
  for (const { state } of servers) counts.set(state, (counts.get(state) ?? 0) + 1)
  const order: LiveServer['state'][] = ['down', 'maint', 'drain', 'up', 'unchecked']
  return order.flatMap((state): [LiveServer['state'], number][] => {
    const count = counts.get(state)
    return count === undefined ? [] : [[state, count]]
  })
}

export const stateMessages = catalogue(
  { up: 'up', down: 'down', drain: 'draining', maint: 'maintenance', unchecked: 'unchecked' },
  { up: 'activo', down: 'caído', drain: 'drenándose', maint: 'mantenimiento', unchecked: 'sin comprobar' },
)

/** Live servers by the name of their backend and their own. */
export type Live = ReadonlyMap<string, ReadonlyMap<string, LiveServer>>

export function byBackend(servers: readonly LiveServer[]): Live {
  const live = new Map<string, Map<string, LiveServer>>()
  for (const server of servers) {
    const of = live.get(server.backend)
    if (of) of.set(server.server, server)
    else live.set(server.backend, new Map([[server.server, server]]))
  }
  return live
}
