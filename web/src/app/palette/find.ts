// Finding entries of the command palette by what is typed. Pure.

export const GROUPS = [
  'pages',
  'create',
  'actions',
  'services',
  'routes',
  'frontends',
  'backends',
  'servers',
  'acls',
  'others',
] as const

export type Group = (typeof GROUPS)[number]

export interface Entry {
  key: string
  group: Group
  label: string
  hint?: string
  /** Where it leads. */
  go?: { to: string; search?: Record<string, unknown> }
  /** What it does. */
  act?: () => void
}

/** Objects are too many to be shown before anything is typed. */
const UNASKED: ReadonlySet<Group> = new Set(['pages', 'create', 'actions'])

/** How many of a group are shown at most. */
const MOST = 8

/** Every word typed must occur; entries whose name begins with what was typed come first. */
export function find(entries: readonly Entry[], query: string): [Group, Entry[]][] {
  const text = query.trim().toLowerCase()
  const words = text.split(/\s+/).filter((word) => word !== '')
  const found = new Map<Group, { begin: Entry[]; hold: Entry[] }>()
  for (const entry of entries) {
    if (words.length === 0 && !UNASKED.has(entry.group)) continue
    const label = entry.label.toLowerCase()
    const all = entry.hint ? `${label} ${entry.hint.toLowerCase()}` : label
    if (!words.every((word) => all.includes(word))) continue
    let group = found.get(entry.group)
    if (!group) {
      group = { begin: [], hold: [] }
      found.set(entry.group, group)
    }
    const list = label.startsWith(text) ? group.begin : group.hold
    if (words.length === 0 || list.length < MOST) list.push(entry)
  }
  return GROUPS.flatMap((group): [Group, Entry[]][] => {
    const { begin = [], hold = [] } = found.get(group) ?? {}
    const entries = [...begin, ...hold]
    if (entries.length === 0) return []
    return [[group, words.length === 0 ? entries : entries.slice(0, MOST)]]
  })
}
