// Where the state document keeps its lists of named entities, and where its single objects. The names are those of the
// server's own diff, so that a change reads the same on both sides.

import type { Document } from '~/api/schema'

/** Lists of entities that are told apart by `id`. */
export const LISTS = {
  frontends: ['haproxy', 'frontends'],
  backends: ['haproxy', 'backends'],
  acls: ['acls'],
  defaultsBlocks: ['haproxy', 'defaultsBlocks'],
  httpErrorsSections: ['haproxy', 'httpErrorsSections'],
  resolvers: ['haproxy', 'resolvers'],
  peers: ['haproxy', 'peers'],
  mailers: ['haproxy', 'mailers'],
  rings: ['haproxy', 'rings'],
  crtStores: ['haproxy', 'crtStores'],
  maps: ['haproxy', 'maps'],
  securityProfiles: ['securityProfiles'],
  authProviders: ['authProviders'],
  acmeAccounts: ['acmeAccounts'],
  trustedCas: ['trustedCas'],
  trustedCrls: ['trustedCrls'],
  'tls.providers': ['tls', 'providers'],
  'tls.certs': ['tls', 'certs'],
  'notifications.channels': ['notifications', 'channels'],
  'keepalived.trackScripts': ['keepalived', 'trackScripts'],
  'keepalived.instances': ['keepalived', 'instances'],
  'keepalived.syncGroups': ['keepalived', 'syncGroups'],
} as const

/** Objects that are there once; their properties change one by one. The last two are the document and its HAProxy part themselves. */
export const SINGLES = {
  globalSettings: ['haproxy', 'globalSettings'],
  tls: ['tls'],
  letsencrypt: ['letsencrypt'],
  notifications: ['notifications'],
  geoip: ['geoip'],
  keepalived: ['keepalived'],
  ui: ['ui'],
  haproxy: ['haproxy'],
  document: [],
} as const

export type ListSection = keyof typeof LISTS
export type SingleSection = keyof typeof SINGLES
export type Section = ListSection | SingleSection

export const LIST_SECTIONS = Object.keys(LISTS) as ListSection[]
export const SINGLE_SECTIONS = Object.keys(SINGLES) as SingleSection[]

type Under<T, P extends readonly string[]> = P extends readonly [infer H extends keyof T, ...infer R extends string[]]
  ? Under<T[H], R>
  : T

/** The type of the entities of a list. */
export type EntityOf<S extends ListSection> = Under<Document, (typeof LISTS)[S]> extends (infer E)[] ? E : never

export function isList(section: string): section is ListSection {
  return section in LISTS
}

/** The section that an issue's path leads into, with the entity's index there, and what is left of the path. */
export function locate(path: readonly (string | number)[]): {
  section: Section
  index?: number
  rest: (string | number)[]
} {
  for (const section of LIST_SECTIONS) {
    const at = LISTS[section]
    if (at.every((key, i) => path[i] === key)) {
      const index = path[at.length]
      const rest = path.slice(at.length + 1)
      return typeof index === 'number' ? { section, index, rest } : { section, rest: [] }
    }
  }
  for (const section of SINGLE_SECTIONS) {
    const at: readonly string[] = SINGLES[section]
    if (at.every((key, i) => path[i] === key)) return { section, rest: path.slice(at.length) }
  }
  return { section: 'document', rest: [...path] }
}
