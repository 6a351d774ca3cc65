// Every list of named sections that has no page of its own, as one table: what it is called, which definition its form is made
// from, what the list shows of each entry, and how the form is grouped.

import {
  IconBell,
  IconBooks,
  IconCertificate,
  IconKey,
  IconLayoutList,
  IconMail,
  IconMap2,
  IconNetwork,
  type IconProps,
  IconServer2,
  IconShieldLock,
  IconUsersGroup,
  IconWorldOff,
} from '@tabler/icons-react'
import type { ComponentType } from 'react'
import { isObject, type Json } from '~/draft/json'
import type { ListSection } from '~/draft/sections'
import type { Item } from '../entity'
import type { KindMessage } from './messages'

export interface KindColumn {
  id: string
  header: KindMessage
  value: (item: Item) => string | number | undefined
  align?: 'right'
  mono?: boolean
  width?: string
}

export interface Kind {
  /** In the address. */
  slug: string
  section: ListSection
  def: string
  icon: ComponentType<IconProps>
  title: KindMessage
  about: KindMessage
  add: KindMessage
  empty: KindMessage
  /** The address of the list. */
  list: string
  named: 'name' | 'label' | 'id'
  columns: readonly KindColumn[]
  groups: readonly { title: KindMessage; fields: readonly string[]; folded?: boolean }[]
  /** The discriminator and the values of a union. */
  union?: { key: 'kind' | 'type'; label: KindMessage; values: readonly string[] }
  /** What a new one begins with, beside the schema's defaults. */
  start?: Record<string, Json>
}

const text = (value: Json): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const number = (value: Json): number | undefined => (typeof value === 'number' ? value : undefined)
const count = (value: Json): number =>
  Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0
const addresses = (value: Json): string =>
  Array.isArray(value) ? value.flatMap((each) => (isObject(each) ? (text(each.address) ?? []) : [])).join(', ') : ''

const members = (header: KindMessage, key: string): KindColumn => ({
  id: key,
  header,
  value: (item) => addresses(item[key]),
  mono: true,
  width: 'minmax(220px, 2fr)',
})

export const DEFAULTS: Kind = {
  slug: 'defaults',
  section: 'defaultsBlocks',
  def: 'DefaultsBlock',
  icon: IconLayoutList,
  title: 'defaults.title',
  about: 'defaults.about',
  add: 'defaults.add',
  empty: 'defaults.empty',
  list: '/edge/defaults',
  named: 'name',
  columns: [
    { id: 'mode', header: 'col.mode', value: (item) => text(item.mode) ?? 'http', width: '90px' },
    {
      id: 'timeouts',
      header: 'col.timeouts',
      value: (item) => {
        const { client, server, connect } = isObject(item.timeouts) ? item.timeouts : {}
        return [client, server, connect].map((each) => text(each) ?? '–').join(' / ')
      },
      mono: true,
    },
    { id: 'retries', header: 'col.retries', value: (item) => number(item.retries), align: 'right', width: '90px' },
  ],
  groups: [
    { title: 'group.general', fields: ['name', 'mode', 'description'] },
    { title: 'group.timeouts', fields: ['timeouts'] },
    { title: 'group.connections', fields: ['retries', 'options', 'defaultServer'], folded: true },
    { title: 'group.logging', fields: ['dontlogNormal'], folded: true },
    {
      title: 'group.errors',
      fields: ['useErrorFilesId', 'errorFiles', 'httpErrors', 'errorPageContents', 'lfFileContents'],
      folded: true,
    },
    { title: 'group.directives', fields: ['advancedDirectives'], folded: true },
  ],
}

export const SECURITY: Kind = {
  slug: 'security',
  section: 'securityProfiles',
  def: 'SecurityProfile',
  icon: IconShieldLock,
  title: 'security.title',
  about: 'security.about',
  add: 'security.add',
  empty: 'security.empty',
  list: '/edge/security',
  named: 'label',
  columns: [],
  groups: [],
  union: { key: 'kind', label: 'union.kind', values: ['rate-limit', 'geo-block', 'bot-defense'] },
}

export const AUTH: Kind = {
  slug: 'auth',
  section: 'authProviders',
  def: 'AuthProvider',
  icon: IconKey,
  title: 'auth.title',
  about: 'auth.about',
  add: 'auth.add',
  empty: 'auth.empty',
  list: '/edge/auth',
  named: 'id',
  columns: [],
  groups: [],
  union: {
    key: 'type',
    label: 'union.type',
    values: [
      'basic',
      'authelia',
      'oidc',
      'jwt-verify',
      'ldap',
      'saml',
      'entra',
      'mtls-auth',
      'header-trust',
      'lua-auth',
      'none',
    ],
  },
}

/** What stands under "Other sections", in the order of the index. */
export const SECTIONS: readonly Kind[] = [
  {
    slug: 'resolvers',
    section: 'resolvers',
    def: 'Resolvers',
    icon: IconNetwork,
    title: 'resolvers.title',
    about: 'resolvers.about',
    add: 'resolvers.add',
    empty: 'resolvers.empty',
    list: '/edge/sections/resolvers',
    named: 'name',
    columns: [members('col.nameservers', 'nameservers')],
    groups: [
      { title: 'group.members', fields: ['name', 'nameservers'] },
      { title: 'group.asking', fields: ['timeoutResolve', 'timeoutRetry', 'resolveRetries', 'acceptedPayloadSize'] },
      { title: 'group.holding', fields: ['holdValid', 'holdNx', 'holdObsolete'] },
    ],
  },
  {
    slug: 'peers',
    section: 'peers',
    def: 'Peers',
    icon: IconUsersGroup,
    title: 'peers.title',
    about: 'peers.about',
    add: 'peers.add',
    empty: 'peers.empty',
    list: '/edge/sections/peers',
    named: 'name',
    columns: [members('col.peers', 'peers')],
    groups: [{ title: 'group.members', fields: ['name', 'peers'] }],
  },
  {
    slug: 'mailers',
    section: 'mailers',
    def: 'Mailers',
    icon: IconMail,
    title: 'mailers.title',
    about: 'mailers.about',
    add: 'mailers.add',
    empty: 'mailers.empty',
    list: '/edge/sections/mailers',
    named: 'name',
    columns: [members('col.mailers', 'mailers')],
    groups: [{ title: 'group.members', fields: ['name', 'timeout', 'mailers'] }],
  },
  {
    slug: 'rings',
    section: 'rings',
    def: 'Ring',
    icon: IconBell,
    title: 'rings.title',
    about: 'rings.about',
    add: 'rings.add',
    empty: 'rings.empty',
    list: '/edge/sections/rings',
    named: 'name',
    columns: [
      members('col.servers', 'servers'),
      { id: 'size', header: 'col.size', value: (item) => number(item.size), align: 'right', width: '110px' },
    ],
    groups: [
      { title: 'group.members', fields: ['name', 'description', 'servers'] },
      { title: 'group.buffer', fields: ['format', 'maxlen', 'size'] },
      { title: 'group.timeouts', fields: ['timeoutConnect', 'timeoutServer'] },
    ],
  },
  {
    slug: 'crt-stores',
    section: 'crtStores',
    def: 'CrtStore',
    icon: IconCertificate,
    title: 'crtStores.title',
    about: 'crtStores.about',
    add: 'crtStores.add',
    empty: 'crtStores.empty',
    list: '/edge/sections/crt-stores',
    named: 'name',
    columns: [
      { id: 'crtBase', header: 'col.crtBase', value: (item) => text(item.crtBase), mono: true },
      {
        id: 'entries',
        header: 'col.entries',
        value: (item) => count(item.loadEntries),
        align: 'right',
        width: '110px',
      },
    ],
    groups: [
      { title: 'group.general', fields: ['name', 'crtBase', 'keyBase'] },
      { title: 'group.certificates', fields: ['loadEntries'] },
    ],
  },
  {
    slug: 'maps',
    section: 'maps',
    def: 'MapFile',
    icon: IconMap2,
    title: 'maps.title',
    about: 'maps.about',
    add: 'maps.add',
    empty: 'maps.empty',
    list: '/edge/sections/maps',
    named: 'name',
    columns: [
      {
        id: 'description',
        header: 'col.description',
        value: (item) => text(item.description),
        width: 'minmax(200px, 2fr)',
      },
      { id: 'entries', header: 'col.entries', value: (item) => count(item.entries), align: 'right', width: '110px' },
    ],
    groups: [{ title: 'group.general', fields: ['name', 'description'] }],
  },
  {
    slug: 'http-errors',
    section: 'httpErrorsSections',
    def: 'HttpErrorsSection',
    icon: IconWorldOff,
    title: 'httpErrors.title',
    about: 'httpErrors.about',
    add: 'httpErrors.add',
    empty: 'httpErrors.empty',
    list: '/edge/sections/http-errors',
    named: 'name',
    columns: [
      { id: 'files', header: 'col.files', value: (item) => count(item.errorFiles), align: 'right', width: '130px' },
    ],
    groups: [{ title: 'group.general', fields: ['name', 'errorFiles'] }],
  },
]

/** Parts of keepalived that are lists, each under its tab. */
export const KEEPALIVED: readonly Kind[] = [
  {
    slug: 'instances',
    section: 'keepalived.instances',
    def: 'VrrpInstance',
    icon: IconServer2,
    title: 'instances.title',
    about: 'instances.about',
    add: 'instances.add',
    empty: 'instances.empty',
    list: '/edge/keepalived/instances',
    named: 'name',
    columns: [
      {
        id: 'vip',
        header: 'col.vip',
        value: (item) => `${text(item.vip) ?? ''}/${number(item.prefix) ?? 24}`,
        mono: true,
      },
      {
        id: 'vrid',
        header: 'col.vrid',
        value: (item) => number(item.virtualRouterId),
        align: 'right',
        width: '120px',
      },
      { id: 'on', header: 'col.enabled', value: (item) => (item.enabled === false ? '–' : '✓'), width: '100px' },
    ],
    groups: [
      { title: 'group.address', fields: ['name', 'enabled', 'vip', 'prefix', 'virtualRouterId', 'description'] },
      { title: 'group.trust', fields: ['authType', 'authPass'] },
      { title: 'group.takeover', fields: ['preempt', 'preemptDelay', 'advertInt', 'garpMasterDelay'] },
      { title: 'group.together', fields: ['syncGroupId', 'trackScriptIds'] },
      { title: 'group.notes', fields: ['notes'], folded: true },
    ],
    start: { prefix: 24, virtualRouterId: 51 },
  },
  {
    slug: 'groups',
    section: 'keepalived.syncGroups',
    def: 'SyncGroup',
    icon: IconUsersGroup,
    title: 'groups.title',
    about: 'groups.about',
    add: 'groups.add',
    empty: 'groups.empty',
    list: '/edge/keepalived/groups',
    named: 'name',
    columns: [
      {
        id: 'count',
        header: 'col.instances',
        value: (item) => count(item.instanceIds),
        align: 'right',
        width: '120px',
      },
    ],
    groups: [
      { title: 'group.members', fields: ['name', 'description', 'instanceIds'] },
      { title: 'group.notify', fields: ['notifyMaster', 'notifyBackup', 'notifyFault'] },
    ],
  },
  {
    slug: 'scripts',
    section: 'keepalived.trackScripts',
    def: 'TrackScript',
    icon: IconBooks,
    title: 'scripts.title',
    about: 'scripts.about',
    add: 'scripts.add',
    empty: 'scripts.empty',
    list: '/edge/keepalived/scripts',
    named: 'name',
    columns: [
      {
        id: 'script',
        header: 'col.script',
        value: (item) => text(item.script),
        mono: true,
        width: 'minmax(220px, 2fr)',
      },
      { id: 'weight', header: 'col.weight', value: (item) => number(item.weight), align: 'right', width: '90px' },
    ],
    groups: [
      { title: 'group.command', fields: ['name', 'script', 'interval', 'timeout'] },
      { title: 'group.result', fields: ['weight', 'rise', 'fall', 'initFail'] },
    ],
  },
]

export const KINDS: readonly Kind[] = [DEFAULTS, SECURITY, AUTH, ...SECTIONS, ...KEEPALIVED]
