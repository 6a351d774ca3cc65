// Which part of the document is edited: all of it, one section, or one entity. Pure.

import type { Document } from '~/api/schema'
import { listOf } from '~/draft/changes'
import { pointerOf } from '~/draft/issues'
import { getIn, type Json, setIn } from '~/draft/json'
import { LIST_SECTIONS, LISTS, type ListSection, SINGLES } from '~/draft/sections'
import { type Definitions, type Node, resolve } from '~/schema/schema'

export type Scope =
  | { kind: 'document' }
  | { kind: 'list'; section: ListSection }
  | { kind: 'entity'; section: ListSection; id: string }
  | { kind: 'object'; path: readonly string[] }

/** The single objects that are offered as sections of their own. */
export const OBJECTS = ['globalSettings', 'keepalived', 'tls', 'letsencrypt', 'notifications', 'geoip', 'ui'] as const

export function parsePointer(pointer: string): string[] {
  // A lone slash stands for the whole, as people write it.
  if (pointer === '/') return []
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The scope that a pointer leads into, and the path from there on. Lists are walked by id or by index. */
export function scopeOf(document: Document, pointer: string): { scope: Scope; rest: string[] } {
  const path = parsePointer(pointer)
  // The longest first: `keepalived.instances` before `keepalived`.
  const lists = [...LIST_SECTIONS].sort((a, b) => LISTS[b].length - LISTS[a].length)
  for (const section of lists) {
    const at: readonly string[] = LISTS[section]
    if (!at.every((step, i) => path[i] === step)) continue
    const step = path[at.length]
    if (step === undefined) return { scope: { kind: 'list', section }, rest: [] }
    const list = listOf(document, section)
    const found = list.find((entity) => entity.id === step) ?? (/^\d+$/.test(step) ? list[Number(step)] : undefined)
    if (!found) return { scope: { kind: 'list', section }, rest: [] }
    return { scope: { kind: 'entity', section, id: found.id }, rest: path.slice(at.length + 1) }
  }
  for (const name of OBJECTS) {
    const at: readonly string[] = SINGLES[name]
    if (at.every((step, i) => path[i] === step)) {
      return { scope: { kind: 'object', path: at }, rest: path.slice(at.length) }
    }
  }
  return { scope: { kind: 'document' }, rest: path }
}

export function pointerTo(scope: Scope): string {
  switch (scope.kind) {
    case 'document':
      return ''
    case 'list':
      return pointerOf(LISTS[scope.section])
    case 'entity':
      return pointerOf([...LISTS[scope.section], scope.id])
    case 'object':
      return pointerOf(scope.path)
  }
}

/** Where a scope is now, as a path of keys and indices; `undefined` when it is gone. */
export function pathOf(document: Document, scope: Scope): (string | number)[] | undefined {
  switch (scope.kind) {
    case 'document':
      return []
    case 'list':
      return [...LISTS[scope.section]]
    case 'object':
      return [...scope.path]
    case 'entity': {
      const index = listOf(document, scope.section).findIndex((entity) => entity.id === scope.id)
      return index < 0 ? undefined : [...LISTS[scope.section], index]
    }
  }
}

/** What is edited. `meta` is the server's and is left out. */
export function partOf(document: Document, scope: Scope): Json {
  if (scope.kind === 'document') {
    const { meta: _, ...rest } = document
    return rest
  }
  const path = pathOf(document, scope)
  return path && getIn(document, path)
}

export type Refusal = 'gone' | 'taken' | 'noId'

/** The document with the part replaced; a refusal where that would not leave every entity with an id of its own. */
export function withValue(document: Document, scope: Scope, value: Json): Document | Refusal {
  if (scope.kind === 'document') return { ...(value as Document), meta: document.meta }
  const path = pathOf(document, scope)
  if (!path) return 'gone'
  if (scope.kind === 'entity') {
    const id = (value as { id?: unknown }).id
    if (typeof id !== 'string' || id === '') return 'noId'
    if (id !== scope.id && listOf(document, scope.section).some((entity) => entity.id === id)) return 'taken'
  }
  return setIn(document, path, value)
}

/** The schema of what is edited. */
export function schemaOf(defs: Definitions, scope: Scope): Node {
  const root: Node = { $ref: '#/$defs/Document' }
  if (scope.kind === 'document') {
    const { node } = resolve(defs, root)
    return { ...node, required: (node.required ?? []).filter((name) => name !== 'meta') }
  }
  const at: readonly string[] = scope.kind === 'object' ? scope.path : LISTS[scope.section]
  let node = root
  for (const step of at) node = resolve(defs, node).node.properties?.[step] ?? {}
  return scope.kind === 'entity' ? (resolve(defs, node).node.items ?? {}) : node
}

/** How many entities a document has; large ones are not opened whole unless somebody asks for it. */
export function sizeOf(document: Document): number {
  return LIST_SECTIONS.reduce((sum, section) => sum + listOf(document, section).length, 0)
}
