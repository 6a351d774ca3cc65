// The draft: the document as the person at the screen wants it, on top of the document that is live.
//
// It follows the live document by itself: when somebody else applies a change, the draft is carried over onto it, and what
// collides becomes a conflict to decide. It is kept in the browser's own database, so that a reload of the page, or a closed
// laptop, loses nothing. Nothing here talks to the daemon.

import { del, get, set } from 'idb-keyval'
import type { Document } from '~/api/schema'
import { apply, type Change, type Changes, type Conflict, diff, isEmpty, rebase } from './changes'
import { isObject, type Json, setIn } from './json'
import { LISTS, SINGLES } from './sections'

/** What is kept between visits. */
interface Saved {
  etag: string
  changes: Changes
}

export interface DraftState {
  /** The live document that the draft stands on; `null` before it was first read. */
  base: Document | null
  baseEtag: string
  /** The document as wanted; the same object as `base` when nothing is changed. */
  document: Document | null
  conflicts: Conflict[]
  /** Set when the draft was carried over onto a newer document, until it is acknowledged. */
  carried: boolean
  canUndo: boolean
  canRedo: boolean
}

const START: DraftState = {
  base: null,
  baseEtag: '',
  document: null,
  conflicts: [],
  carried: false,
  canUndo: false,
  canRedo: false,
}
const STEPS = 100
const SAVE_AFTER = 250

/** Where drafts are kept; the tests bring their own. */
export interface Shelf {
  read(key: string): Promise<unknown>
  write(key: string, value: unknown): Promise<void>
  remove(key: string): Promise<void>
}

const database: Shelf = {
  read: (key) => get(key),
  write: (key, value) => set(key, value),
  remove: (key) => del(key),
}

export class DraftStore {
  private state = START
  private readonly listeners = new Set<() => void>()
  private past: Document[] = []
  private future: Document[] = []
  private timer: ReturnType<typeof setTimeout> | undefined
  private opening: Promise<Saved | undefined> | undefined
  private key = ''
  private held = false

  constructor(private readonly shelf: Shelf = database) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  readonly snapshot = (): DraftState => this.state

  /** Begins with the draft that this user left, if there is one. */
  open(user: string): void {
    const key = `draft:${user}`
    if (this.key === key) return
    this.key = key
    this.state = START
    this.past = []
    this.future = []
    this.opening = this.shelf.read(key).then(saved)
    this.emit()
  }

  /** The live document, whenever it was read anew. */
  async live(document: Document, etag: string): Promise<void> {
    const key = this.key
    const kept = await this.opening
    if (key !== this.key) return
    this.opening = undefined
    if (this.held) return
    const { base, document: wanted, baseEtag } = this.state
    if (!base || !wanted) {
      if (!kept) return this.put({ base: document, baseEtag: etag, document })
      if (kept.etag === etag)
        return this.put({ base: document, baseEtag: etag, document: apply(document, kept.changes) })
      return this.carry(kept.changes, document, etag)
    }
    if (baseEtag === etag) return
    const changes = diff(base, wanted)
    if (isEmpty(changes)) return this.put({ base: document, baseEtag: etag, document, conflicts: [] })
    this.carry(changes, document, etag)
  }

  /** One edit, as a function of the document. Returning the same document is no edit. */
  edit(change: (document: Document) => Document): void {
    const { document } = this.state
    if (!document) return
    const next = change(document)
    if (next === document) return
    this.past = [...this.past.slice(-STEPS), document]
    this.future = []
    this.put({ document: next })
  }

  undo(): void {
    const { document } = this.state
    const previous = this.past.pop()
    if (!previous || !document) return
    this.future.push(document)
    this.put({ document: previous })
  }

  redo(): void {
    const { document } = this.state
    const next = this.future.pop()
    if (!next || !document) return
    this.past.push(document)
    this.put({ document: next })
  }

  /** Forgets the draft. */
  discard(): void {
    const { base } = this.state
    if (!base) return
    this.forgetSteps()
    this.put({ document: base, conflicts: [], carried: false })
  }

  /**
   * While the draft is being applied, news of the live document are passed over: they may be about the draft itself, with the
   * defaults that the daemon filled in, and would look like somebody else's work.
   */
  hold(held: boolean): void {
    this.held = held
  }

  /** The draft has become live. */
  applied(document: Document, etag: string): void {
    this.held = false
    this.forgetSteps()
    this.put({ base: document, baseEtag: etag, document, conflicts: [], carried: false })
  }

  /** Decides a conflict for one side. */
  resolve(conflict: Conflict, side: 'mine' | 'theirs'): void {
    const { document, conflicts } = this.state
    if (!document) return
    const value = side === 'mine' ? conflict.mine : conflict.theirs
    this.put({
      document: setAt(document, conflict, value),
      conflicts: conflicts.filter((other) => other !== conflict),
    })
  }

  acknowledge(): void {
    this.put({ carried: false })
  }

  /** Takes one change back. */
  revert({ section, key, before }: Change): void {
    this.edit((document) => {
      return apply(document, {
        changes: [{ section, key, ...(before !== undefined && { after: before }) }],
        orders: [],
      })
    })
  }

  /** What is changed, by name. */
  changes(): Changes {
    const { base, document } = this.state
    return base && document ? diff(base, document) : { changes: [], orders: [] }
  }

  private carry(changes: Changes, document: Document, etag: string): void {
    const { document: wanted, conflicts } = rebase(changes, document)
    // Earlier documents of the steps stand on the old base: going back to one would undo what others did.
    this.forgetSteps()
    this.put({ base: document, baseEtag: etag, document: wanted, conflicts, carried: true })
  }

  private forgetSteps(): void {
    this.past = []
    this.future = []
  }

  private put(part: Partial<DraftState>): void {
    this.state = { ...this.state, ...part, canUndo: this.past.length > 0, canRedo: this.future.length > 0 }
    this.emit()
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.save(), SAVE_AFTER)
  }

  /** Writes the draft down now. */
  async save(): Promise<void> {
    clearTimeout(this.timer)
    if (!this.key || !this.state.base) return
    const changes = this.changes()
    const kept: Saved = { etag: this.state.baseEtag, changes }
    await (isEmpty(changes) ? this.shelf.remove(this.key) : this.shelf.write(this.key, kept))
  }

  private emit(): void {
    for (const listener of this.listeners) listener()
  }
}

function saved(value: unknown): Saved | undefined {
  if (!isObject(value) || typeof value.etag !== 'string' || !isObject(value.changes)) return undefined
  return value as unknown as Saved
}

/** Sets a field of an entity; lists on the way are walked by the names of their items. */
function setAt(document: Document, { section, key, path }: Conflict, value: Json): Document {
  if (section in LISTS)
    return setIn(
      document,
      LISTS[section as keyof typeof LISTS],
      keyedSet(listAt(document, section), [key, ...path], value),
    )
  const at = SINGLES[section as keyof typeof SINGLES]
  const owner = at.reduce<Json>((json, step) => (isObject(json) ? json[step] : undefined), document)
  return setIn(document, at, keyedSet(owner, [key, ...path], value))
}

function listAt(document: Document, section: string): Json {
  return LISTS[section as keyof typeof LISTS].reduce<Json>(
    (json, step) => (isObject(json) ? json[step] : undefined),
    document,
  )
}

function keyedSet(value: Json, path: readonly string[], next: Json): Json {
  const [step, ...rest] = path
  if (step === undefined) return next
  if (Array.isArray(value)) {
    const index = value.findIndex((item) => isObject(item) && (item.id ?? item.name ?? item.key) === step)
    const inner = keyedSet(index < 0 ? undefined : value[index], rest, next)
    if (inner === undefined) return value.filter((_, i) => i !== index)
    return index < 0 ? [...value, inner] : value.map((item, i) => (i === index ? inner : item))
  }
  return setIn(value, [step], keyedSet(isObject(value) ? value[step] : undefined, rest, next))
}

export const draft = new DraftStore()
