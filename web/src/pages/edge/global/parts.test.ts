import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { partsOf, TABS, tabOf } from './parts'

interface Schemas {
  components: { schemas: Record<string, { properties?: Record<string, unknown> }> }
}
const { schemas } = (JSON.parse(readFileSync('openapi.json', 'utf8')) as Schemas).components

describe('tabs of the global settings', () => {
  it('leave no field out, and show none twice', () => {
    const shown = TABS.flatMap((tab) =>
      partsOf(tab).flatMap((part) =>
        part.groups.flatMap((group) => group.fields.map((f) => [...part.at, f].join('/'))),
      ),
    )
    expect(new Set(shown).size).toBe(shown.length)
    const fields = Object.keys(schemas.GlobalSettings?.properties ?? {}).filter(
      (name) => !['ssl', 'quic'].includes(name),
    )
    for (const field of fields) expect(shown).toContain(field)
    for (const field of Object.keys(schemas.GlobalSsl?.properties ?? {})) {
      if (field !== 'profile') expect(shown).toContain(`ssl/${field}`)
    }
  })

  it('find the tab of a field', () => {
    expect(tabOf('/ssl/bind/ciphers')).toBe('tls')
    expect(tabOf('/luaPlugins/0/path')).toBe('extend')
    expect(tabOf('/maxconn')).toBe('limits')
    expect(tabOf(undefined)).toBe('limits')
  })
})
