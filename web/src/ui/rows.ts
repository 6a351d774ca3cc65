// Which rows of a table are shown, and in which order. Pure, and nothing is made for each row that is not asked for: with a table
// library's objects for five thousand rows the page stood still for two frames whenever one of them changed.

export interface Sort {
  /** The column. */
  id: string
  desc: boolean
}

type Value = string | number | boolean | null | undefined

/** What of a column matters here. */
export interface Sortable<Row> {
  id: string
  value: (row: Row) => Value
}

/** What the filter looks for in each row: every value, whether its column is shown or not. */
export function textsOf<Row>(rows: readonly Row[], columns: readonly Sortable<Row>[]): string[] {
  // A filter is one line, so it finds nothing that begins in one value and ends in the next.
  return rows.map((row) => columns.map(({ value }) => String(value(row) ?? '').toLowerCase()).join('\n'))
}

/** The rows in whose texts the filter occurs. */
export function filterRows<Row>(rows: readonly Row[], texts: readonly string[], filter: string): readonly Row[] {
  const wanted = filter.toLowerCase()
  return wanted === '' ? rows : rows.filter((_, i) => texts[i]?.includes(wanted))
}

/** The rows in order: numbers by size, also within names; what has no value comes last, whatever the direction. */
export function sortRows<Row>(rows: readonly Row[], by: Sortable<Row> | undefined, desc: boolean): readonly Row[] {
  if (!by) return rows
  const keyed = rows.map((row) => ({ row, key: keyOf(by.value(row)) }))
  const there = keyed.filter(({ key }) => key !== '')
  const way = desc ? -1 : 1
  there.sort((a, b) => (a.key < b.key ? -way : a.key > b.key ? way : 0))
  return [...there, ...keyed.filter(({ key }) => key === '')].map(({ row }) => row)
}

function keyOf(value: Value): string | number {
  if (value === null || value === undefined || value === '') return ''
  if (typeof value === 'string') return value.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(15, '0'))
  return Number(value)
}

/** What a click on the head of a column leads to: texts begin with A, numbers with the largest; the third click ends it. */
export function nextSort<Row>(now: Sort | null, column: Sortable<Row>, rows: readonly Row[]): Sort | null {
  const first = rows[0] && column.value(rows[0])
  const begin = typeof first === 'number' || typeof first === 'boolean'
  if (now?.id !== column.id) return { id: column.id, desc: begin }
  return now.desc === begin ? { id: column.id, desc: !begin } : null
}
