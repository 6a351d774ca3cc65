import { expect, test } from 'vitest'
import { csv } from './csv'

test('quotes what would end a cell or a row, and nothing else', () => {
  expect(
    csv(
      ['name', 'note', 'port', 'on'],
      [
        ['web', 'a "b", c', 80, true],
        ['api', 'two\nlines', -1, null],
      ],
    ),
  ).toBe('name,note,port,on\r\nweb,"a ""b"", c",80,true\r\napi,"two\nlines",-1,')
})

test('v25 a text that a spreadsheet would take for a formula is none', () => {
  const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '=HYPERLINK("http://x","y")']
  const [, ...lines] = csv(
    ['x'],
    hostile.map((each) => [each]),
  ).split('\r\n')
  for (const line of lines) expect(line).toMatch(/^"?'/)
})
