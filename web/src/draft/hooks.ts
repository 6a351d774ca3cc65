// The draft for components, and the edits that pages make.

import { useDeferredValue, useMemo, useSyncExternalStore } from 'react'
import type { Document } from '~/api/schema'
import { type Changes, diff, listOf, NOTHING } from './changes'
import { getIn, type Json, type Path, setIn } from './json'
import { type EntityOf, LISTS, type ListSection, SINGLES, type SingleSection } from './sections'
import { type DraftState, draft } from './store'

export function useDraft(): DraftState {
  return useSyncExternalStore(draft.subscribe, draft.snapshot)
}

/** The document as wanted; `null` until the live one was read. */
export function useDocument(): Document | null {
  return useDraft().document
}

/**
 * The document as wanted, a moment later: for what is made from all of it. Typing, dialogs and the first sight of a page do not wait
 * for a table of thousands.
 */
export function useDocumentSoon(): Document | null {
  return useDeferredValue(useDocument(), null)
}

/** What was changed; a moment later, like all that is made from the whole document. */
export function useChanges(): Changes {
  const { base, document } = useDeferredValue(useDraft())
  return useMemo(() => (base && document ? diff(base, document) : NOTHING), [base, document])
}

/** The entities of a list, in the draft. */
export function useList<S extends ListSection>(section: S): readonly EntityOf<S>[] {
  const document = useDocument()
  return document ? (listOf(document, section) as unknown as readonly EntityOf<S>[]) : []
}

export function useEntity<S extends ListSection>(section: S, id: string): EntityOf<S> | undefined {
  const list = useList(section)
  return useMemo(() => list.find((entity) => idOf(entity) === id), [list, id])
}

/** What became of an entity since the document was read: for marks in lists. */
export function useMarks(section: ListSection): ReadonlyMap<string, 'added' | 'changed'> {
  const changes = useChanges()
  return useMemo(() => {
    const marks = new Map<string, 'added' | 'changed'>()
    for (const change of changes.changes) {
      if (change.section === section && change.after !== undefined) {
        marks.set(change.key, change.before === undefined ? 'added' : 'changed')
      }
    }
    return marks
  }, [changes, section])
}

function idOf(entity: unknown): string {
  return (entity as { id: string }).id
}

/** Puts an entity into its list: in its place when it is there, else at the end. */
export function putEntity<S extends ListSection>(section: S, entity: EntityOf<S>): void {
  draft.edit((document) => {
    const list = listOf(document, section)
    const index = list.findIndex((other) => other.id === idOf(entity))
    return setIn(document, [...LISTS[section], index < 0 ? list.length : index], entity)
  })
}

/** Sets one field of an entity; `undefined` removes it. */
export function setField(section: ListSection, id: string, path: Path, value: Json): void {
  draft.edit((document) => {
    const index = listOf(document, section).findIndex((entity) => entity.id === id)
    return index < 0 ? document : setIn(document, [...LISTS[section], index, ...path], value)
  })
}

export function removeEntity(section: ListSection, id: string): void {
  draft.edit((document) => {
    const index = listOf(document, section).findIndex((entity) => entity.id === id)
    return index < 0 ? document : setIn(document, [...LISTS[section], index], undefined)
  })
}

/** Sets one field of a single object, such as the global settings. */
export function setSingle(section: SingleSection, path: Path, value: Json): void {
  draft.edit((document) => setIn(document, [...SINGLES[section], ...path], value))
}

export function useSingle(section: SingleSection): Json {
  const document = useDocument()
  return document ? getIn(document, SINGLES[section]) : undefined
}

/** An id that the list does not have yet, made from a name: a lower-case letter first, as the schema wants it. */
export function freshId(section: ListSection, name: string): string {
  const document = draft.snapshot().document
  const taken = new Set(document ? listOf(document, section).map((entity) => entity.id) : [])
  const stem =
    name
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 56) || 'new'
  if (!taken.has(stem)) return stem
  for (let n = 2; ; n++) if (!taken.has(`${stem}-${n}`)) return `${stem}-${n}`
}
