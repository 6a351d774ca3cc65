// Where the entities of a list are edited; what has no page of its own is edited as JSON.

import type { ListSection } from '~/draft/sections'

const PAGES: Partial<Record<ListSection, string>> = {
  frontends: '/edge/frontends',
  backends: '/edge/backends',
  acls: '/edge/acls',
  defaultsBlocks: '/edge/defaults',
  securityProfiles: '/edge/security',
  authProviders: '/edge/auth',
  resolvers: '/edge/sections/resolvers',
  peers: '/edge/sections/peers',
  mailers: '/edge/sections/mailers',
  rings: '/edge/sections/rings',
  crtStores: '/edge/sections/crt-stores',
  maps: '/edge/sections/maps',
  httpErrorsSections: '/edge/sections/http-errors',
  'keepalived.instances': '/edge/keepalived/instances',
  'keepalived.syncGroups': '/edge/keepalived/groups',
  'keepalived.trackScripts': '/edge/keepalived/scripts',
}

export function addressOf(section: ListSection, id: string): string | undefined {
  const page = PAGES[section]
  return page && `${page}/${encodeURIComponent(id)}`
}
