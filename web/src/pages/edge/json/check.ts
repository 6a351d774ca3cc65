// A JSON text held against the document's schema: what is wrong, and where. Pure.
//
// It does not replace the daemon's own check, which also knows references and everything that HAProxy wants. A problem that
// would leave the pages of this app without something they rely on is `structural`; such a text is not taken over.

import type { Json } from '~/draft/json'
import { isObject } from '~/draft/json'
import { type Definitions, initial, type Node, resolve, variants } from '~/schema/schema'
import { idOf, type Tree } from './tree'

export type ProblemCode =
  | 'type'
  | 'unknown'
  | 'missing'
  | 'enum'
  | 'pattern'
  | 'long'
  | 'small'
  | 'large'
  | 'variant'
  | 'double'

export interface Problem {
  code: ProblemCode
  from: number
  to: number
  /** What is expected, or the name of the key. */
  of: string
  structural: boolean
}

export function check(defs: Definitions, node: Node, tree: Tree): Problem[] {
  const problems: Problem[] = []
  visit(defs, node, tree, (code, at, of, structural = false) =>
    problems.push({ code, from: at.from, to: at.to, of, structural }),
  )
  return problems
}

type Report = (code: ProblemCode, at: { from: number; to: number }, of: string, structural?: boolean) => void

function visit(defs: Definitions, given: Node, tree: Tree, report: Report): void {
  const { node, nullable } = resolve(defs, given)
  if (tree.kind === 'null' && nullable) return
  if (node.const !== undefined) {
    if (literal(tree) !== node.const) report('enum', tree, JSON.stringify(node.const), true)
    return
  }
  if (node.oneOf && node.discriminator) {
    union(defs, node, tree, report)
  } else if (node.anyOf) {
    oneOfThese(defs, node.anyOf, tree, report)
  } else if (!typeFits(node, tree)) {
    report('type', tree, typeOf(node), true)
  } else if (node.enum && !node.enum.includes(literal(tree))) {
    report('enum', tree, node.enum.map((each) => JSON.stringify(each)).join(', '))
  } else {
    inside(defs, node, tree, report)
  }
}

function inside(defs: Definitions, node: Node, tree: Tree, report: Report): void {
  switch (tree.kind) {
    case 'string':
      string(node, tree, report)
      break
    case 'number':
      number(node, tree, report)
      break
    case 'array':
      array(defs, node, tree, report)
      break
    case 'object':
      object(defs, node, tree, report)
      break
  }
}

function oneOfThese(defs: Definitions, options: readonly Node[], tree: Tree, report: Report): void {
  const fits = options.some((option) => {
    let bad = false
    visit(defs, option, tree, () => {
      bad = true
    })
    return !bad
  })
  if (!fits) report('type', tree, options.map((option) => typeOf(resolve(defs, option).node)).join(' / '), true)
}

function literal(tree: Tree): Json {
  if (tree.kind === 'null') return null
  return tree.kind === 'object' || tree.kind === 'array' ? undefined : tree.value
}

export function typeOf(node: Node): string {
  if (node.type) return node.type
  if (node.oneOf) return 'object'
  return 'value'
}

function typeFits(node: Node, tree: Tree): boolean {
  switch (node.type) {
    case undefined:
      return true
    case 'integer':
      return tree.kind === 'number' && Number.isInteger(tree.value)
    default:
      return tree.kind === node.type
  }
}

function string(node: Node, tree: Tree & { kind: 'string' }, report: Report): void {
  // A masked secret stands for the one that is there.
  if (node.writeOnly && tree.value === '***') return
  if (tree.value.length < (node.minLength ?? 0)) report('pattern', tree, '')
  else if (node.maxLength !== undefined && [...tree.value].length > node.maxLength)
    report('long', tree, String(node.maxLength))
  else if (node.pattern && !new RegExp(node.pattern, 'u').test(tree.value)) report('pattern', tree, '')
}

function number(node: Node, tree: Tree & { kind: 'number' }, report: Report): void {
  if (node.minimum !== undefined && tree.value < node.minimum) report('small', tree, String(node.minimum))
  if (node.exclusiveMinimum !== undefined && tree.value <= node.exclusiveMinimum)
    report('small', tree, `> ${node.exclusiveMinimum}`)
  if (node.maximum !== undefined && tree.value > node.maximum) report('large', tree, String(node.maximum))
}

function array(defs: Definitions, node: Node, tree: Tree & { kind: 'array' }, report: Report): void {
  const ids = new Set<string>()
  for (const item of tree.items) {
    visit(defs, node.items ?? {}, item, report)
    const id = idOf(item)
    if (id !== undefined && ids.has(id)) report('double', item, id, true)
    if (id !== undefined) ids.add(id)
  }
}

function object(defs: Definitions, node: Node, tree: Tree & { kind: 'object' }, report: Report): void {
  const properties = node.properties ?? {}
  const there = new Set<string>()
  for (const { key, value } of tree.members) {
    there.add(key.name)
    const property = properties[key.name]
    if (property) visit(defs, property, value, report)
    else if (isObject(node.additionalProperties)) visit(defs, node.additionalProperties as Node, value, report)
    else if (node.properties && !key.name.startsWith('x-')) report('unknown', key, key.name)
  }
  for (const name of node.required ?? []) {
    // The opening bracket is marked, not the whole object.
    if (!there.has(name)) report('missing', { from: tree.from, to: tree.from + 1 }, name, true)
  }
}

function union(defs: Definitions, node: Node, tree: Tree, report: Report): void {
  if (tree.kind !== 'object') {
    report('type', tree, 'object', true)
    return
  }
  const key = node.discriminator?.propertyName ?? ''
  const told = tree.members.find((member) => member.key.name === key)
  const options = variants(defs, node)
  const chosen = options.find(([name]) => told?.value.kind === 'string' && told.value.value === name)
  if (!told) report('missing', { from: tree.from, to: tree.from + 1 }, key, true)
  else if (!chosen) report('variant', told.value, options.map(([name]) => `"${name}"`).join(', '), true)
  else visit(defs, chosen[1], tree, report)
}

/** The value with every default that it leaves out, as the daemon would fill it in. */
export function complete(defs: Definitions, given: Node, value: Json): Json {
  const { node } = resolve(defs, given)
  if (value === null || value === undefined) return value
  if (node.oneOf && node.discriminator && isObject(value)) {
    const name = value[node.discriminator.propertyName]
    const variant = variants(defs, node).find(([each]) => each === name)?.[1]
    return variant ? complete(defs, variant, value) : value
  }
  if (Array.isArray(value)) return node.items ? value.map((item) => complete(defs, node.items ?? {}, item)) : value
  if (!isObject(value) || !node.properties) return value
  const full: Record<string, Json> = {}
  for (const [key, inner] of Object.entries(value)) {
    const property = node.properties[key]
    full[key] = property ? complete(defs, property, inner) : inner
  }
  for (const [key, property] of Object.entries(node.properties)) {
    if (key in full) continue
    const resolved = resolve(defs, property).node
    if (resolved.default !== undefined) full[key] = complete(defs, property, initial(defs, property))
  }
  return full
}
