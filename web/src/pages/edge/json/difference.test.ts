import { expect, test } from 'vitest'
import { differenceOf } from './difference'

const long = Array.from({ length: 5_000 }, (_, i) => `line ${i}`).join('\n')

test.each([
  ['nothing', long, long, [long.length, long.length, '']],
  ['one letter in the middle', long, long.replace('line 2500', 'lime 2500'), undefined],
  ['something at the end', long, `${long}x`, [long.length, long.length, 'x']],
  ['something at the beginning', long, `x${long}`, [0, 0, 'x']],
  ['less of the same', 'a'.repeat(20_000), 'a'.repeat(9_000), undefined],
  ['more of the same', 'a'.repeat(9_000), 'a'.repeat(20_000), undefined],
  ['everything', 'abc', 'xyz', [0, 3, 'xyz']],
  ['all of it', long, '', [0, long.length, '']],
])('%s', (_, was, is, expected) => {
  const { from, to, insert } = differenceOf(was, is)
  expect(was.slice(0, from) + insert + was.slice(to)).toBe(is)
  if (expected) expect([from, to, insert]).toEqual(expected)
})

test('one changed letter is a change of one letter', () => {
  expect(differenceOf(long, long.replace('line 2500', 'lime 2500'))).toMatchObject({ insert: 'm' })
})
