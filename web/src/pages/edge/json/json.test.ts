import { describe, expect, it } from 'vitest'
import type { Document } from '~/api/schema'
import type { Definitions } from '~/schema/schema'
import { check, complete } from './check'
import { partOf, pointerTo, schemaOf, scopeOf, withValue } from './scope'
import { BadJson, find, parse, plain } from './tree'

const fault = (text: string) => {
  try {
    parse(text)
  } catch (cause) {
    if (cause instanceof BadJson) return [cause.fault, cause.from]
  }
  return undefined
}

describe('JSON with positions', () => {
  it('reads what JSON.parse reads', () => {
    const text = '{"a": [1, -2.5e3, "x\\n\\u00e9", true, null], "b": {}, "c": []}'
    expect(plain(parse(text))).toEqual(JSON.parse(text))
  })

  it('says where a text stops being JSON', () => {
    expect(fault('{"a": 1,}')).toEqual(['key', 8])
    expect(fault('{"a" 1}')).toEqual(['colon', 5])
    expect(fault('[1 2]')).toEqual(['comma', 3])
    expect(fault('{"a": 1')).toEqual(['end', 0])
    expect(fault('"abc')).toEqual(['string', 0])
    expect(fault('[01]')).toEqual(['number', 1])
    expect(fault('{} x')).toEqual(['trailing', 3])
    expect(fault('{"a": 1, "a": 2}')).toEqual(['double', 9])
    expect(fault('')).toEqual(['end', 0])
    expect(fault('['.repeat(80))?.[0]).toBe('deep')
  })

  it('finds a value by index and by id', () => {
    const text = '[{"id": "x"}, {"id": "y", "n": 7}]'
    const tree = parse(text)
    expect(plain(find(tree, ['y', 'n']))).toBe(7)
    expect(plain(find(tree, [1, 'n']))).toBe(7)
    expect(plain(find(tree, [1, 'gone']))).toEqual({ id: 'y', n: 7 })
  })
})

const defs: Definitions = {
  Document: {
    type: 'object',
    properties: {
      acls: { type: 'array', items: { $ref: '#/$defs/Acl' }, default: [] },
      meta: { type: 'object' },
    },
    required: ['meta'],
  },
  Acl: {
    type: 'object',
    properties: {
      id: { type: 'string', pattern: '^[a-z]+$' },
      values: { type: 'array', items: { type: 'string' }, default: [] },
      secret: { type: 'string', writeOnly: true, minLength: 8 },
      weight: { type: 'integer', minimum: 1, maximum: 5 },
      action: { $ref: '#/$defs/Action' },
      note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    },
    required: ['id'],
  },
  Action: {
    discriminator: { propertyName: 'type' },
    oneOf: [
      { type: 'object', properties: { type: { const: 'allow' } }, required: ['type'] },
      {
        type: 'object',
        properties: { type: { const: 'deny' }, status: { type: 'integer', default: 403 } },
        required: ['type'],
      },
    ],
  },
}
const acl = { $ref: '#/$defs/Acl' }
const codes = (text: string) => check(defs, acl, parse(text)).map(({ code, of }) => `${code} ${of}`.trim())

describe('a text against the schema', () => {
  it('finds what is wrong and where', () => {
    expect(codes('{"id": "a", "weight": 9, "colour": 1, "x-mine": {}, "note": null}')).toEqual([
      'large 5',
      'unknown colour',
    ])
    expect(codes('{"id": "A"}')).toEqual(['pattern'])
    expect(codes('{"values": "x"}')).toEqual(['type array', 'missing id'])
    expect(codes('{"id": "a", "action": {"type": "explode"}}')).toEqual(['variant "allow", "deny"'])
    expect(codes('{"id": "a", "action": {"type": "allow", "status": 1}}')).toEqual(['unknown status'])
    const text = '{"id": "a", "weight": 0}'
    const [problem] = check(defs, acl, parse(text))
    expect(text.slice(problem?.from, problem?.to)).toBe('0')
  })

  it('leaves masked secrets alone', () => {
    expect(codes('{"id": "a", "secret": "***"}')).toEqual([])
    expect(codes('{"id": "a", "secret": "short"}')).toEqual(['pattern'])
  })

  it('refuses two entries with one id', () => {
    const list = { type: 'array', items: acl }
    expect(check(defs, list, parse('[{"id": "a"}, {"id": "a"}]'))).toMatchObject([{ code: 'double', structural: true }])
  })

  it('fills in what is left out', () => {
    expect(complete(defs, acl, { id: 'a', action: { type: 'deny' } })).toEqual({
      id: 'a',
      values: [],
      action: { type: 'deny', status: 403 },
    })
  })
})

describe('the part that is edited', () => {
  const document = {
    acls: [{ id: 'a' }, { id: 'b' }],
    haproxy: { backends: [{ id: 'web', servers: [] }], globalSettings: { maxconn: 1 } },
    keepalived: { instances: [], enabled: false },
    meta: { createdAt: 'x' },
  } as unknown as Document

  it('follows from a pointer', () => {
    expect(scopeOf(document, '/acls/b/values/0')).toEqual({
      scope: { kind: 'entity', section: 'acls', id: 'b' },
      rest: ['values', '0'],
    })
    expect(scopeOf(document, '/haproxy/backends/0/servers')).toMatchObject({ scope: { id: 'web' }, rest: ['servers'] })
    expect(scopeOf(document, '/keepalived/instances')).toMatchObject({ scope: { section: 'keepalived.instances' } })
    expect(scopeOf(document, '/haproxy/globalSettings/maxconn')).toMatchObject({ rest: ['maxconn'] })
    expect(scopeOf(document, '')).toEqual({ scope: { kind: 'document' }, rest: [] })
    for (const pointer of ['/acls/b', '/haproxy/backends', '/keepalived', ''])
      expect(pointerTo(scopeOf(document, pointer).scope)).toBe(pointer)
  })

  it('is put back, and never doubles an id', () => {
    const scope = { kind: 'entity', section: 'acls', id: 'a' } as const
    expect(withValue(document, scope, { id: 'c' })).toMatchObject({ acls: [{ id: 'c' }, { id: 'b' }] })
    expect(withValue(document, scope, { id: 'b' })).toBe('taken')
    expect(withValue(document, scope, {})).toBe('noId')
    const all = { kind: 'document' } as const
    expect(partOf(document, all)).not.toHaveProperty('meta')
    expect(withValue(document, all, partOf(document, all))).toEqual(document)
  })

  it('has its schema', () => {
    expect(schemaOf(defs, { kind: 'entity', section: 'acls', id: 'a' })).toEqual(acl)
    expect(schemaOf(defs, { kind: 'document' }).required).toEqual([])
  })
})
