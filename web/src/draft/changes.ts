// A draft is kept as what differs from the document it began with: entity by entity, each with what it was before. So a draft
// is small however large the document is, survives a reload of the page without a copy of the document, and can be carried
// over onto a newer document when somebody else was faster.

import type { Document } from '~/api/schema'
import { equal, getIn, isObject, type Json, setIn } from './json'
import { LIST_SECTIONS, LISTS, type ListSection, type Section, SINGLE_SECTIONS, SINGLES } from './sections'

/** One entity of a list, or one property of a single object. `undefined` stands for "not there". */
export interface Change {
  section: Section
  /** The entity's id, or the property's name. */
  key: string
  before?: Json
  after?: Json
}

/** The order of a list, where it is not what adding at the end and removing would give. */
export interface Order {
  section: ListSection
  before: string[]
  after: string[]
}

export interface Changes {
  changes: Change[]
  orders: Order[]
}

/** What two people changed differently: a field of an entity, or a whole one that one of them removed. */
export interface Conflict {
  section: Section
  key: string
  /** From the entity on; empty for the whole. */
  path: string[]
  base?: Json
  mine?: Json
  theirs?: Json
}

export const NOTHING: Changes = { changes: [], orders: [] }

export function isEmpty(changes: Changes): boolean {
  return changes.changes.length === 0 && changes.orders.length === 0
}

interface Entity {
  id: string
}

export function listOf(document: Document, section: ListSection): readonly Entity[] {
  return (getIn(document, LISTS[section]) as Entity[] | undefined) ?? []
}

/** The properties of a single object that no list or other single covers. `meta` is the server's. */
function ownKeys(document: Document, section: (typeof SINGLE_SECTIONS)[number]): string[] {
  const path: readonly string[] = SINGLES[section]
  const value = getIn(document, path)
  if (!isObject(value)) return []
  const covered = new Set<string>(section === 'document' ? ['meta'] : [])
  for (const other of [...Object.values(LISTS), ...Object.values(SINGLES)] as (readonly string[])[]) {
    if (other.length > path.length && path.every((step, i) => other[i] === step)) {
      const next = other[path.length]
      if (next !== undefined) covered.add(next)
    }
  }
  return Object.keys(value).filter((key) => !covered.has(key))
}

function byId(list: readonly Entity[]): Map<string, Entity> {
  return new Map(list.map((entity) => [entity.id, entity]))
}

/** The order that a list gets without anybody choosing one: what stays as it was, what is new at the end. */
function naturalOrder(before: readonly string[], after: ReadonlySet<string>, added: readonly string[]): string[] {
  return [...before.filter((id) => after.has(id)), ...added]
}

/** What differs between two documents. */
export function diff(base: Document, next: Document): Changes {
  if (base === next) return NOTHING
  const found: Changes = { changes: [], orders: [] }
  for (const section of LIST_SECTIONS) {
    const [was, is] = [listOf(base, section), listOf(next, section)]
    if (was === is) continue
    const [old, now] = [byId(was), byId(is)]
    for (const entity of is) {
      const before = old.get(entity.id)
      if (before !== entity && !equal(before, entity)) {
        found.changes.push({ section, key: entity.id, ...(before && { before }), after: entity })
      }
    }
    for (const entity of was) {
      if (!now.has(entity.id)) found.changes.push({ section, key: entity.id, before: entity })
    }
    const after = is.map((entity) => entity.id)
    const natural = naturalOrder(
      was.map((entity) => entity.id),
      new Set(after),
      after.filter((id) => !old.has(id)),
    )
    if (!equal(natural, after)) found.orders.push({ section, before: was.map((entity) => entity.id), after })
  }
  for (const section of SINGLE_SECTIONS) {
    const path: readonly string[] = SINGLES[section]
    const [was, is] = [getIn(base, path), getIn(next, path)]
    if (was === is) continue
    for (const key of new Set([...ownKeys(base, section), ...ownKeys(next, section)])) {
      const before = isObject(was) ? was[key] : undefined
      const after = isObject(is) ? is[key] : undefined
      if (!equal(before, after)) {
        found.changes.push({
          section,
          key,
          ...(before !== undefined && { before }),
          ...(after !== undefined && { after }),
        })
      }
    }
  }
  return isEmpty(found) ? NOTHING : found
}

/** The document with the changes made, whatever it held there before. */
export function apply(base: Document, { changes, orders }: Changes): Document {
  let next = base
  const lists = new Map<ListSection, Change[]>()
  for (const change of changes) {
    if (change.section in LISTS) {
      const section = change.section as ListSection
      lists.set(section, [...(lists.get(section) ?? []), change])
    } else {
      const path = SINGLES[change.section as keyof typeof SINGLES]
      next = setIn(next, [...path, change.key], change.after)
    }
  }
  for (const [section, some] of lists) {
    const mine = new Map(some.map((change) => [change.key, change]))
    const list: Entity[] = []
    for (const entity of listOf(next, section)) {
      const change = mine.get(entity.id)
      mine.delete(entity.id)
      if (!change) list.push(entity)
      else if (change.after !== undefined) list.push(change.after as Entity)
    }
    for (const change of mine.values()) if (change.after !== undefined) list.push(change.after as Entity)
    next = setIn(next, LISTS[section], list)
  }
  for (const order of orders) {
    const place = new Map(order.after.map((id, i) => [id, i]))
    const list = listOf(next, order.section)
    const known = list.filter((entity) => place.has(entity.id))
    known.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))
    // What others added in the meantime stays where it is; ours take the remaining places in our order.
    let at = 0
    next = setIn(
      next,
      LISTS[order.section],
      list.map((entity) => (place.has(entity.id) ? (known[at++] ?? entity) : entity)),
    )
  }
  return next
}

/** A three-way merge of one value. Objects merge key by key; lists of entities by id; everything else is one value. */
function merge(
  base: Json,
  mine: Json,
  theirs: Json,
  path: string[],
  collide: (path: string[], base: Json, mine: Json, theirs: Json) => void,
): Json {
  if (equal(mine, theirs) || equal(base, theirs)) return mine
  if (equal(base, mine)) return theirs
  if (isObject(base) && isObject(mine) && isObject(theirs)) {
    const merged: Record<string, Json> = {}
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
      const value = merge(base[key], mine[key], theirs[key], [...path, key], collide)
      if (value !== undefined) merged[key] = value
    }
    return merged
  }
  const named = entities(base) && entities(mine) && entities(theirs)
  if (named) {
    const [b, m, t] = [keyed(base as Json[]), keyed(mine as Json[]), keyed(theirs as Json[])]
    const merged: Json[] = []
    for (const key of new Set([...m.keys(), ...t.keys()])) {
      const value = merge(b.get(key), m.get(key), t.get(key), [...path, key], collide)
      if (value !== undefined) merged.push(value)
    }
    return merged
  }
  collide(path, base, mine, theirs)
  return mine
}

function nameOf(item: Json): string | undefined {
  if (!isObject(item)) return undefined
  const name = item.id ?? item.name ?? item.key
  return typeof name === 'string' ? name : undefined
}

/** Whether a list holds nothing but named things, no name twice. */
function entities(value: Json): boolean {
  if (!Array.isArray(value)) return false
  const names = value.map(nameOf)
  return names.every((name) => name !== undefined) && new Set(names).size === names.length
}

function keyed(list: Json[]): Map<string, Json> {
  return new Map(list.map((item) => [nameOf(item) ?? '', item]))
}

/**
 * Carries changes over onto a newer document. What others changed stays; what both changed differently is a conflict, in which
 * ours is kept until somebody decides.
 */
export function rebase({ changes, orders }: Changes, theirs: Document): { document: Document; conflicts: Conflict[] } {
  const conflicts: Conflict[] = []
  const carried = changes.map((change): Change => {
    const now = isListSection(change.section)
      ? listOf(theirs, change.section).find((entity) => entity.id === change.key)
      : getIn(theirs, [...SINGLES[change.section as keyof typeof SINGLES], change.key])
    const after = merge(change.before, change.after, now, [], (path, base, mine, other) =>
      conflicts.push({ section: change.section, key: change.key, path, base, mine, theirs: other }),
    )
    return { section: change.section, key: change.key, before: now, after }
  })
  return { document: apply(theirs, { changes: carried, orders }), conflicts }
}

function isListSection(section: Section): section is ListSection {
  return section in LISTS
}
