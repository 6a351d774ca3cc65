import { expect, test } from 'vitest'
import { deltaOf, withDelta } from './delta'

const before = {
  name: 'x',
  tags: ['a', 'b'],
  list: [
    { id: 'one', weight: 1, inner: { deep: [1, 2, 3] } },
    { id: 'two', weight: 2 },
    { id: 'three', weight: 3 },
  ],
}

test.each([
  ['a change', { ...before, list: [before.list[0], { id: 'two', weight: 7 }, before.list[2]] }],
  ['another order', { ...before, list: [...before.list].reverse() }],
  ['one less and one more', { ...before, list: [before.list[2], { id: 'four', weight: null }] }],
  ['a key less and a key more', { list: before.list, other: { id: 'x' } }],
  ['the same id twice', { ...before, list: [before.list[0], before.list[0]] }],
  ['another kind', { ...before, tags: { a: true }, list: null }],
  ['shorter and longer lists', { ...before, tags: ['b', 'b', 'c'] }],
  ['a list for the whole', [1, { a: [] }]],
])('%s', (_, after) => {
  expect(withDelta(before, structuredClone(deltaOf(before, after)))).toEqual(after)
})

test('what stays is the same object, and is not sent', () => {
  const after = structuredClone(before)
  expect(deltaOf(before, after)).toEqual({ kind: 'same' })
  after.list.unshift({ id: 'zero', weight: 0 })
  const delta = structuredClone(deltaOf(before, after))
  expect(JSON.stringify(delta)).not.toContain('deep')
  const made = withDelta(before, delta) as typeof before
  expect(made.list[1]).toBe(before.list[0])
  expect(made.tags).toBe(before.tags)
})
