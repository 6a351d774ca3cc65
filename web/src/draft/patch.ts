// What is sent to the daemon: a JSON Patch (RFC 6902) against the document that the draft began with, guarded by its ETag. A
// change in a document of five megabytes is a few hundred bytes on the wire.

import type { Document } from '~/api/schema'
import { diff, isEmpty, listOf } from './changes'
import { equal, getIn, type Json } from './json'
import { LISTS, type ListSection, SINGLES } from './sections'

export interface Operation {
  op: 'add' | 'remove' | 'replace'
  path: string
  value?: Json
}

function pointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

export function toPatch(base: Document, next: Document): Operation[] {
  const changes = diff(base, next)
  if (isEmpty(changes)) return []
  const operations: Operation[] = []
  const reordered = new Set(changes.orders.map((order) => order.section))
  const lists = new Set<ListSection>(reordered)
  for (const change of changes.changes) {
    if (change.section in LISTS) {
      lists.add(change.section as ListSection)
      continue
    }
    const path = pointer([...SINGLES[change.section as keyof typeof SINGLES], change.key])
    if (change.after === undefined) operations.push({ op: 'remove', path })
    else operations.push({ op: change.before === undefined ? 'add' : 'replace', path, value: change.after })
  }
  for (const section of lists) {
    const at = LISTS[section]
    const [was, is] = [listOf(base, section), listOf(next, section)]
    if (reordered.has(section) || getIn(base, at) === undefined) {
      operations.push({ op: 'add', path: pointer(at), value: is })
      continue
    }
    const now = new Map(is.map((entity) => [entity.id, entity]))
    // From the end, so that an index still means what it meant.
    for (let i = was.length - 1; i >= 0; i--) {
      const before = was[i]
      const after = before && now.get(before.id)
      if (!after) operations.push({ op: 'remove', path: pointer([...at, i]) })
      else if (!equal(before, after)) operations.push({ op: 'replace', path: pointer([...at, i]), value: after })
    }
    const known = new Set(was.map((entity) => entity.id))
    for (const entity of is) {
      if (!known.has(entity.id)) operations.push({ op: 'add', path: pointer([...at, '-']), value: entity })
    }
  }
  return operations
}
