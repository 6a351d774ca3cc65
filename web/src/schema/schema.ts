// The document's JSON Schema, as the forms read it. Pure.

import { isObject, type Json } from '~/draft/json'

/** A node of the schema; only the keywords that our schemas have. */
export interface Node {
  $ref?: string
  type?: string
  description?: string
  default?: Json
  const?: Json
  enum?: Json[]
  pattern?: string
  format?: string
  writeOnly?: boolean
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minItems?: number
  maxItems?: number
  items?: Node
  properties?: Record<string, Node>
  required?: string[]
  additionalProperties?: Node | boolean
  propertyNames?: Node
  anyOf?: Node[]
  oneOf?: Node[]
  discriminator?: { propertyName: string }
}

export type Definitions = Record<string, Node>

/** A node with its references followed: `def` is the definition that it came from, `nullable` whether `null` is allowed too. */
export interface Resolved {
  node: Node
  def: string | undefined
  nullable: boolean
}

const DEFS = '#/$defs/'

export function resolve(defs: Definitions, node: Node): Resolved {
  let at = node
  let def: string | undefined
  let nullable = false
  for (let depth = 0; depth < 8; depth++) {
    if (at.$ref?.startsWith(DEFS)) {
      def = at.$ref.slice(DEFS.length)
      // What stands beside the reference (description, default) is about this use of it.
      const { $ref: _, ...here } = at
      at = { ...defs[def], ...here }
    } else if (at.anyOf?.some((other) => other.type === 'null')) {
      const [inner, ...others] = at.anyOf.filter((other) => other.type !== 'null')
      if (!inner || others.length > 0) break
      nullable = true
      const { anyOf: _, ...here } = at
      at = { ...inner, ...here }
    } else {
      break
    }
  }
  return { node: at, def, nullable }
}

export type Kind =
  | 'constant'
  | 'switch'
  | 'choice'
  | 'number'
  | 'text'
  | 'body'
  | 'secret'
  | 'texts'
  | 'choices'
  | 'objects'
  | 'record'
  | 'object'
  | 'variants'
  | 'json'

/** Which input a node needs. `json` stands for what no form fits; it is edited as text. */
export function kindOf(defs: Definitions, node: Node): Kind {
  if (node.const !== undefined) return 'constant'
  if (node.oneOf && node.discriminator) return 'variants'
  if (node.enum) return 'choice'
  switch (node.type) {
    case 'boolean':
      return 'switch'
    case 'integer':
    case 'number':
      return 'number'
    case 'string':
      if (node.writeOnly) return 'secret'
      return !node.pattern && (node.maxLength ?? 0) > 1024 ? 'body' : 'text'
    case 'array': {
      const { node: item } = resolve(defs, node.items ?? {})
      if (item.enum) return 'choices'
      if (item.type === 'string') return 'texts'
      return item.type === 'object' || item.oneOf ? 'objects' : 'json'
    }
    case 'object':
      if (node.properties) return 'object'
      return isObject(node.additionalProperties) ? 'record' : 'json'
    default:
      return 'json'
  }
}

/** The variant of a union that a value is, by its discriminator. */
export function variantOf(defs: Definitions, node: Node, value: Json): Node | undefined {
  const key = node.discriminator?.propertyName
  if (!key || !isObject(value)) return undefined
  return variants(defs, node).find(([name]) => name === value[key])?.[1]
}

/** The variants of a union with the value of their discriminator. */
export function variants(defs: Definitions, node: Node): [string, Node][] {
  const key = node.discriminator?.propertyName ?? ''
  return (node.oneOf ?? []).flatMap((option) => {
    const { node: variant } = resolve(defs, option)
    const name = variant.properties?.[key]?.const
    return typeof name === 'string' ? [[name, variant] as [string, Node]] : []
  })
}

/** A value to begin with: what is required, and every default. */
export function initial(defs: Definitions, of: Node): Json {
  const { node, nullable } = resolve(defs, of)
  if (node.default !== undefined) return structuredClone(node.default)
  if (node.const !== undefined) return node.const
  if (nullable) return null
  if (node.oneOf) {
    const [first] = variants(defs, node)
    return first ? initial(defs, first[1]) : {}
  }
  if (node.enum) return node.enum[0]
  switch (node.type) {
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return node.minimum ?? (node.exclusiveMinimum !== undefined ? node.exclusiveMinimum + 1 : 0)
    case 'string':
      return ''
    case 'array':
      return []
    case 'object': {
      const value: Record<string, Json> = {}
      for (const [name, property] of Object.entries(node.properties ?? {})) {
        const resolved = resolve(defs, property).node
        if (node.required?.includes(name) || resolved.default !== undefined) value[name] = initial(defs, property)
      }
      return value
    }
    default:
      return null
  }
}

/** Whether a text is what the schema asks for; `undefined` when it is, else what is wrong. */
export function problemOf(node: Node, value: string): 'empty' | 'long' | 'pattern' | undefined {
  if (value.length < (node.minLength ?? 0)) return 'empty'
  if (node.maxLength !== undefined && value.length > node.maxLength) return 'long'
  if (node.pattern && !new RegExp(node.pattern, 'u').test(value)) return 'pattern'
  return undefined
}

/** `advancedDirectives` as a person reads it: "Advanced directives". */
export function humanize(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .split(' ')
    .map((word) => (ACRONYMS.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()))
    .join(' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const ACRONYMS = new Set(
  'acl alpn api ca cidr cli cors crl dh dns eab geoip hsts http https id ip json jwt ldap lua mtls oidc pem quic saml sni ssl tcp tls ttl ua uri url vip vrrp'.split(
    ' ',
  ),
)
