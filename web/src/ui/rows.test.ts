import { expect, test } from 'vitest'
import { filterRows, nextSort, type Sortable, sortRows, textsOf } from './rows'

interface Row {
  name?: string | null
  count?: number
  on?: boolean
}

const name: Sortable<Row> = { id: 'name', value: (row) => row.name }
const count: Sortable<Row> = { id: 'count', value: (row) => row.count }
const on: Sortable<Row> = { id: 'on', value: (row) => row.on }

const names = (rows: readonly Row[]) => rows.map((row) => row.name)
const named = (...all: (string | null)[]): Row[] => all.map((each) => ({ name: each }))

test('a filter finds parts of any value, in any case, and never over the end of one', () => {
  const rows: Row[] = [{ name: 'Web-1', count: 10 }, { name: 'mail', count: 210 }, { name: null }]
  const texts = textsOf(rows, [name, count])
  expect(filterRows(rows, texts, 'WEB')).toEqual([rows[0]])
  expect(filterRows(rows, texts, '10')).toEqual([rows[0], rows[1]])
  expect(filterRows(rows, texts, '')).toBe(rows)
  expect(filterRows(rows, texts, '110')).toEqual([])
  expect(filterRows(rows, texts, 'null')).toEqual([])
})

test('numbers in names are sorted by size, and capitals are no order', () => {
  const rows = named('web-10', 'Web-9', 'api', 'web-1')
  expect(names(sortRows(rows, name, false))).toEqual(['api', 'web-1', 'Web-9', 'web-10'])
  expect(names(sortRows(rows, name, true))).toEqual(['web-10', 'Web-9', 'web-1', 'api'])
  expect(names(rows)).toEqual(['web-10', 'Web-9', 'api', 'web-1'])
})

test('what has no value comes last in both directions, and equal rows keep their order', () => {
  const rows: Row[] = [{ name: 'b' }, { name: 'a', count: 2 }, { name: 'd', count: 11 }, { name: 'c', count: 2 }]
  expect(names(sortRows(rows, count, false))).toEqual(['a', 'c', 'd', 'b'])
  expect(names(sortRows(rows, count, true))).toEqual(['d', 'a', 'c', 'b'])
  expect(names(sortRows(named('', 'x', null), name, true))).toEqual(['x', '', null])
  expect(sortRows(rows, undefined, false)).toBe(rows)
})

test('yes and no are sorted, too', () => {
  const rows: Row[] = [{ on: true }, { on: false }, {}]
  expect(sortRows(rows, on, false).map((row) => row.on)).toEqual([false, true, undefined])
})

test('clicks on a head go through both directions and back to none', () => {
  const rows: Row[] = [{ name: 'a', count: 1 }]
  const first = nextSort(null, name, rows)
  expect(first).toEqual({ id: 'name', desc: false })
  const second = nextSort(first, name, rows)
  expect(second).toEqual({ id: 'name', desc: true })
  expect(nextSort(second, name, rows)).toBeNull()
  expect(nextSort(first, count, rows)).toEqual({ id: 'count', desc: true })
  expect(nextSort({ id: 'count', desc: true }, count, rows)).toEqual({ id: 'count', desc: false })
})
