type Cell = string | number | boolean | null

/** A table as text (RFC 4180); a text that a spreadsheet would take for a formula gets a quote in front. */
export function csv(headers: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [headers, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n')
}

function quoted(value: Cell): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
