// Which settings stand under which tab.

import type { messages } from './messages'

type Message = keyof (typeof messages)['en']

export const TABS = ['limits', 'logging', 'tls', 'quic', 'extend'] as const
export type GlobalTab = (typeof TABS)[number]

export interface PartOf {
  def: string
  /** From the global settings on. */
  at: readonly string[]
  groups: readonly { title: Message; fields: readonly string[]; folded?: boolean }[]
  hide: readonly string[]
}

const WHOLE: readonly string[] = []

/** The fields of the section itself, by tab; the other two tabs are objects of their own. */
const OWN: Readonly<Record<'limits' | 'logging' | 'extend', PartOf['groups']>> = {
  limits: [{ title: 'group.limits', fields: ['maxconn', 'fdHardLimit', 'tuneBufsize', 'hardStopAfter'] }],
  logging: [
    { title: 'group.logging', fields: ['logLevel', 'jsonLogFormat'] },
    { title: 'group.ids', fields: ['uniqueIdFormat', 'uniqueIdHeader'] },
  ],
  extend: [
    { title: 'group.lua', fields: ['luaPlugins'] },
    { title: 'group.directives', fields: ['advancedDirectives'] },
  ],
}

const OBJECTS = ['ssl', 'quic']

function own(tab: keyof typeof OWN): PartOf {
  const elsewhere = Object.entries(OWN).flatMap(([name, groups]) =>
    name === tab ? [] : groups.flatMap((group) => group.fields),
  )
  return { def: 'GlobalSettings', at: WHOLE, groups: OWN[tab], hide: [...OBJECTS, ...elsewhere] }
}

const PARTS: Readonly<Record<GlobalTab, readonly PartOf[]>> = {
  limits: [own('limits')],
  logging: [own('logging')],
  extend: [own('extend')],
  tls: [
    {
      def: 'GlobalSsl',
      at: ['ssl'],
      groups: [
        { title: 'group.bind', fields: ['bind'] },
        { title: 'group.server', fields: ['server'], folded: true },
        { title: 'group.tune', fields: ['tune'], folded: true },
        { title: 'group.files', fields: ['loadExtraFiles'], folded: true },
        { title: 'group.providers', fields: ['providers'], folded: true },
      ],
      hide: ['profile'],
    },
  ],
  quic: [
    {
      def: 'GlobalQuic',
      at: ['quic'],
      groups: [
        { title: 'group.listen', fields: ['listen', 'memTxMax', 'zeroCopyFwdSend'] },
        { title: 'group.fe', fields: ['fe'], folded: true },
        { title: 'group.be', fields: ['be'], folded: true },
      ],
      hide: [],
    },
  ],
}

export function partsOf(tab: GlobalTab): readonly PartOf[] {
  return PARTS[tab]
}

/** The tab that a field stands under. */
export function tabOf(field: string | undefined): GlobalTab {
  const name = field?.split('/')[1]
  if (name === 'ssl') return 'tls'
  if (name === 'quic') return 'quic'
  const found = Object.entries(OWN).find(([, groups]) => groups.some((group) => group.fields.includes(name ?? '')))
  return (found?.[0] as GlobalTab | undefined) ?? (name ? 'extend' : 'limits')
}
