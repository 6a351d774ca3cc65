import { describe, expect, it } from 'vitest'
import type { Document } from '~/api/schema'
import { apply, diff, isEmpty, rebase } from './changes'
import { getIn, setIn } from './json'
import { toPatch } from './patch'
import { DraftStore, type Shelf } from './store'

function documentOf(names: string[]): Document {
  const backends = names.map((name) => ({
    id: name,
    name,
    mode: 'http',
    balance: 'random',
    servers: [
      { name: 'a', address: '10.0.0.1:80', weight: 1 },
      { name: 'b', address: '10.0.0.2:80', weight: 1 },
    ],
  }))
  return {
    schemaVersion: 1,
    meta: { createdAt: 'x' },
    acls: [],
    haproxy: { backends, frontends: [], globalSettings: { maxconn: 1000 } },
    tls: { providers: [], certs: [] },
    keepalived: { enabled: false, instances: [] },
  } as unknown as Document
}

const base = documentOf(['one', 'two', 'three'])
const weight = (document: Document, backend: number, server: number, value: number) =>
  setIn(document, ['haproxy', 'backends', backend, 'servers', server, 'weight'], value)

describe('changes', () => {
  it('finds edits, additions, removals and single properties, and makes them again', () => {
    let next = weight(base, 1, 0, 7)
    next = setIn(next, ['haproxy', 'backends', 0], undefined)
    next = setIn(next, ['haproxy', 'backends', 2], { id: 'four', name: 'four' })
    next = setIn(next, ['haproxy', 'globalSettings', 'maxconn'], 5)
    next = setIn(next, ['keepalived', 'enabled'], true)
    const changes = diff(base, next)
    expect(changes.changes.map((c) => [c.section, c.key, c.before !== undefined, c.after !== undefined])).toEqual([
      ['backends', 'two', true, true],
      ['backends', 'four', false, true],
      ['backends', 'one', true, false],
      ['globalSettings', 'maxconn', true, true],
      ['keepalived', 'enabled', true, true],
    ])
    expect(apply(base, changes)).toEqual(next)
    expect(isEmpty(diff(base, structuredClone(base)))).toBe(true)
  })

  it('keeps an order that was chosen', () => {
    const list = getIn(base, ['haproxy', 'backends']) as unknown[]
    const next = setIn(base, ['haproxy', 'backends'], [list[2], list[0], list[1]])
    const changes = diff(base, next)
    expect(changes.orders).toEqual([
      { section: 'backends', before: ['one', 'two', 'three'], after: ['three', 'one', 'two'] },
    ])
    expect(apply(base, changes)).toEqual(next)
  })
})

describe('rebase', () => {
  it('merges what does not collide, down to two servers of one backend', () => {
    const mine = diff(base, weight(base, 0, 0, 5))
    const theirs = setIn(weight(base, 0, 1, 9), ['haproxy', 'backends', 3], { id: 'new', name: 'new' })
    const { document, conflicts } = rebase(mine, theirs)
    expect(conflicts).toEqual([])
    expect(document).toEqual(weight(theirs, 0, 0, 5))
  })

  it('reports what collides and keeps ours until somebody decides', () => {
    const mine = diff(base, weight(base, 0, 0, 5))
    const { document, conflicts } = rebase(mine, weight(base, 0, 0, 6))
    expect(conflicts).toEqual([
      { section: 'backends', key: 'one', path: ['servers', 'a', 'weight'], base: 1, mine: 5, theirs: 6 },
    ])
    expect(document).toEqual(weight(base, 0, 0, 5))
  })

  it('reports an edit of what others removed, and a removal of what others edited', () => {
    const removed = setIn(base, ['haproxy', 'backends', 0], undefined)
    const edited = weight(base, 0, 0, 5)
    expect(rebase(diff(base, edited), removed).conflicts).toMatchObject([{ key: 'one', path: [], theirs: undefined }])
    expect(rebase(diff(base, removed), edited).conflicts).toMatchObject([{ key: 'one', path: [], mine: undefined }])
  })

  it('has nothing to do when both did the same', () => {
    const mine = diff(base, weight(base, 0, 0, 5))
    const { document, conflicts } = rebase(mine, weight(base, 0, 0, 5))
    expect(conflicts).toEqual([])
    expect(isEmpty(diff(weight(base, 0, 0, 5), document))).toBe(true)
  })
})

describe('toPatch', () => {
  it('writes small operations, removals from the end', () => {
    let next = setIn(base, ['haproxy', 'backends', 2], undefined)
    next = setIn(next, ['haproxy', 'backends', 0], undefined)
    next = setIn(next, ['haproxy', 'backends', 1], { id: 'four' })
    next = setIn(next, ['haproxy', 'globalSettings', 'a/b'], 1)
    expect(toPatch(base, next)).toEqual([
      { op: 'add', path: '/haproxy/globalSettings/a~1b', value: 1 },
      { op: 'remove', path: '/haproxy/backends/2' },
      { op: 'remove', path: '/haproxy/backends/0' },
      { op: 'add', path: '/haproxy/backends/-', value: { id: 'four' } },
    ])
  })
})

describe('DraftStore', () => {
  function shelf(): Shelf & { kept: Map<string, unknown> } {
    const kept = new Map<string, unknown>()
    return {
      kept,
      read: async (key) => structuredClone(kept.get(key)),
      write: async (key, value) => void kept.set(key, structuredClone(value)),
      remove: async (key) => void kept.delete(key),
    }
  }

  it('survives a reload of the page, onto a document that has changed in the meantime', async () => {
    const disk = shelf()
    const before = new DraftStore(disk)
    before.open('ann')
    await before.live(base, 'e1')
    before.edit((document) => weight(document, 0, 0, 5))
    await before.save()

    const after = new DraftStore(disk)
    after.open('ann')
    await after.live(weight(base, 1, 0, 8), 'e2')
    expect(after.snapshot().document).toEqual(weight(weight(base, 1, 0, 8), 0, 0, 5))
    expect(after.snapshot()).toMatchObject({ baseEtag: 'e2', carried: true, conflicts: [] })
  })

  it('undoes and redoes, and forgets a draft that was discarded', async () => {
    const disk = shelf()
    const store = new DraftStore(disk)
    store.open('ann')
    await store.live(base, 'e1')
    store.edit((document) => weight(document, 0, 0, 5))
    store.undo()
    expect(store.snapshot()).toMatchObject({ document: base, canUndo: false, canRedo: true })
    store.redo()
    expect(store.snapshot().document).toEqual(weight(base, 0, 0, 5))
    store.discard()
    await store.save()
    expect(store.snapshot().document).toBe(base)
    expect(disk.kept.size).toBe(0)
  })

  it('lets a conflict be decided for either side', async () => {
    const store = new DraftStore(shelf())
    store.open('ann')
    await store.live(base, 'e1')
    store.edit((document) => weight(document, 0, 0, 5))
    await store.live(weight(base, 0, 0, 6), 'e2')
    const [conflict] = store.snapshot().conflicts
    if (!conflict) throw new Error('no conflict')
    store.resolve(conflict, 'theirs')
    expect(store.snapshot().conflicts).toEqual([])
    expect(isEmpty(store.changes())).toBe(true)
  })

  it('stays fast with ten thousand backends', async () => {
    const large = documentOf(Array.from({ length: 10_000 }, (_, i) => `backend-${i}`))
    const next = weight(large, 5_000, 0, 5)
    const begin = performance.now()
    const operations = toPatch(large, next)
    const took = performance.now() - begin
    expect(operations).toHaveLength(1)
    expect(took).toBeLessThan(50)
  })
})
