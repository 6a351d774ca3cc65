// A rule in one line, in the words of HAProxy's own configuration, which is what operators read fastest. Pure.

import type { Term } from '~/api/schema'
import { isObject, type Json } from '~/draft/json'

/** The fields that come first, in this order; others follow as they stand. */
const ORDER = [
  'statusCode',
  'code',
  'redirectType',
  'target',
  'backendId',
  'scope',
  'name',
  'matchRegex',
  'value',
  'expression',
  'key',
  'table',
]

/** What an action does: `deny 403`, `use-backend web`, `set-header X-Real-IP %[src]`. */
export function actionText(action: Json, backendName: (id: string) => string): string {
  if (!isObject(action)) return ''
  const type = String(action.type ?? '')
  const fields = Object.keys(action).filter((key) => key !== 'type')
  fields.sort((a, b) => rank(a) - rank(b))
  const words = fields.flatMap((key) => wordOf(key, action[key], backendName))
  return [type, ...words].join(' ')
}

function rank(key: string): number {
  const at = ORDER.indexOf(key)
  return at < 0 ? ORDER.length : at
}

function wordOf(key: string, value: Json, backendName: (id: string) => string): string[] {
  if (value === undefined || value === null || value === false || value === '') return []
  if (value === true) return [key]
  if (key === 'backendId') return [backendName(String(value))]
  if (Array.isArray(value)) return value.length === 0 ? [] : [`${key}:${value.length}`]
  if (isObject(value)) return [typeof value.kind === 'string' ? `${key}:${value.kind}` : key]
  return [String(value)]
}

/** When it is done: `api !internal || { path_beg /x }`. Empty when always. */
export function conditionText(terms: readonly Term[]): string {
  return terms
    .map((term, i) => {
      const joined = i < terms.length - 1 && term.combineWithNext === 'or' ? ' ||' : ''
      return `${term.negate ? '!' : ''}${term.kind === 'aclRef' ? term.aclName : inline(term)}${joined}`
    })
    .join(' ')
}

function inline(term: Extract<Term, { kind: 'inline' }>): string {
  const field = term.fieldArg ? `${term.field}(${term.fieldArg})` : term.field
  const flags = [term.caseInsensitive ? '-i' : '', term.operator ? `-m ${term.operator}` : ''].filter(
    (flag) => flag !== '',
  )
  const values = term.values.length > 4 ? [...term.values.slice(0, 3), `… (${term.values.length})`] : term.values
  return ['{', field, ...flags, ...values, '}'].join(' ')
}
