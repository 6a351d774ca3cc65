import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { common } from './es/common'
import { proxies } from './es/proxies'
import { sections } from './es/sections'
import { englishLabel } from './labels'
import { labels } from './words.en'
import { words } from './words.es'

interface Schema {
  $ref?: string
  const?: unknown
  properties?: Record<string, Schema>
  [keyword: string]: unknown
}
const { components } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  components: { schemas: Record<string, Schema> }
}

/** Every definition that the document reaches. */
function reached(): string[] {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const reference = (value as Schema).$ref?.split('/').at(-1)
    if (reference && !found.has(reference)) {
      found.add(reference)
      visit(components.schemas[reference])
    }
    for (const inner of Object.values(value)) visit(inner)
  }
  found.add('Document')
  visit(components.schemas.Document)
  return [...found].sort()
}

/** The fields of a definition and of its variants. */
function fieldsOf(def: string): { key: string; field: string }[] {
  const schema = components.schemas[def]
  const own = Object.entries(schema?.properties ?? {}).map(([field, node]) => ({ key: `${def}.${field}`, field, node }))
  const options = (schema?.oneOf ?? []) as Schema[]
  const inner = options.flatMap((option) =>
    Object.entries(option.properties ?? {}).map(([field, node]) => ({ key: `${def}.${field}`, field, node })),
  )
  // What never changes is not shown.
  return [...own, ...inner].filter(({ node }) => node.const === undefined)
}

describe('the words of the fields', () => {
  const defs = reached()
  const fields = defs.flatMap(fieldsOf)

  it('are there in Spanish for every field of the document', () => {
    expect(fields.length).toBeGreaterThan(500)
    const missing = fields.filter(({ key, field }) => !words[key] && !words[field]).map(({ key }) => key)
    expect(missing).toEqual([])
  })

  it('say something, and none is left over or there twice', () => {
    const known = new Set(fields.flatMap(({ key, field }) => [key, field]))
    for (const [key, [label, help]] of Object.entries(words)) {
      expect(label, key).toMatch(/^\S/)
      expect(help, key).toMatch(/\.$/)
      expect(known.has(key) || known.has(key.split('.')[1] ?? ''), key).toBe(true)
    }
    const all = [common, proxies, sections].flatMap((part) => Object.keys(part))
    expect(new Set(all).size).toBe(all.length)
  })

  it('have English labels of their own only where a field has that name', () => {
    const known = new Set(fields.flatMap(({ key, field }) => [key, field]))
    expect(Object.keys(labels).filter((key) => !known.has(key))).toEqual([])
    expect(englishLabel('Bind', 'tfo')).toBe('TCP Fast Open')
    expect(englishLabel('Stats', 'auth')).toBe('Users')
    expect(englishLabel('Stats', 'refresh')).toBe('Refresh')
  })
})
