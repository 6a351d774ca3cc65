// How services do, in one set of words for every page of the area. Services say `healthy` where routes say `up`.

import { catalogue } from '~/i18n'
import type { Health } from '~/ui/health'

export const STATES = ['up', 'degraded', 'down', 'unknown'] as const
export type ServiceState = (typeof STATES)[number]

const TONES: Readonly<Record<ServiceState, Health>> = { up: 'good', degraded: 'look', down: 'act', unknown: 'idle' }

/** The state that the daemon names. */
export function stateOf(word: string): ServiceState {
  if (word === 'healthy') return 'up'
  return STATES.find((state) => state === word) ?? 'unknown'
}

export function toneOf(state: ServiceState): Health {
  return TONES[state]
}

export const stateMessages = catalogue(
  { up: 'healthy', degraded: 'degraded', down: 'down', unknown: 'not checked yet' },
  { up: 'sano', degraded: 'degradado', down: 'caído', unknown: 'sin comprobar aún' },
)
