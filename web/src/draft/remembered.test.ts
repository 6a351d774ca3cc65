import { expect, it, vi } from 'vitest'
import { remembered } from './remembered'

it('works each thing out once, also when nothing is found', () => {
  const find = vi.fn((of: { name?: string }) => of.name)
  const name = remembered(find)
  const [one, none] = [{ name: 'one' }, {}]
  expect([name(one), name(one), name(none), name(none)]).toEqual(['one', 'one', undefined, undefined])
  expect(find.mock.calls).toEqual([[one], [none]])
})
