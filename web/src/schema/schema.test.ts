import { describe, expect, it } from 'vitest'
import { type Definitions, humanize, initial, kindOf, problemOf, resolve, variantOf } from './schema'

const defs: Definitions = {
  Mode: { type: 'string', enum: ['http', 'tcp'], description: 'Of the definition.' },
  Server: {
    type: 'object',
    properties: { id: { type: 'string' }, check: { type: 'boolean', default: true }, weight: { type: 'integer' } },
    required: ['id'],
  },
  Action: {
    type: 'object',
    discriminator: { propertyName: 'type' },
    oneOf: [
      { type: 'object', properties: { type: { const: 'allow' } } },
      {
        type: 'object',
        properties: { type: { const: 'deny' }, status: { type: 'integer', minimum: 400 } },
        required: ['type', 'status'],
      },
    ],
  },
}

describe('schema', () => {
  it('follows references, keeps what stands beside them, and knows null', () => {
    expect(resolve(defs, { $ref: '#/$defs/Mode', description: 'Here.' })).toMatchObject({
      def: 'Mode',
      nullable: false,
      node: { enum: ['http', 'tcp'], description: 'Here.' },
    })
    expect(resolve(defs, { anyOf: [{ $ref: '#/$defs/Mode' }, { type: 'null' }], default: null })).toMatchObject({
      def: 'Mode',
      nullable: true,
    })
  })

  it('chooses inputs', () => {
    expect(kindOf(defs, { type: 'array', items: { $ref: '#/$defs/Server' } })).toBe('objects')
    expect(kindOf(defs, { type: 'array', items: { $ref: '#/$defs/Mode' } })).toBe('choices')
    expect(kindOf(defs, { type: 'object', additionalProperties: { type: 'string' } })).toBe('record')
    expect(kindOf(defs, defs.Action ?? {})).toBe('variants')
    expect(kindOf(defs, { type: 'string', writeOnly: true })).toBe('secret')
    expect(kindOf(defs, {})).toBe('json')
  })

  it('begins with what is required and every default', () => {
    expect(initial(defs, { $ref: '#/$defs/Server' })).toEqual({ id: '', check: true })
    expect(initial(defs, { $ref: '#/$defs/Action' })).toEqual({})
    expect(variantOf(defs, defs.Action ?? {}, { type: 'deny' })?.required).toEqual(['type', 'status'])
  })

  it('says what is wrong with a text', () => {
    expect(problemOf({ minLength: 1 }, '')).toBe('empty')
    expect(problemOf({ pattern: '^\\d+(ms|s)$' }, '5')).toBe('pattern')
    expect(problemOf({ pattern: '^\\d+(ms|s)$' }, '5s')).toBeUndefined()
  })

  it('reads names as people do', () => {
    expect(humanize('advancedDirectives')).toBe('Advanced directives')
    expect(humanize('tlsVersion')).toBe('TLS version')
    expect(humanize('hstsMaxAge')).toBe('HSTS max age')
  })
})
