// What the editor knows at a place of the text: which part of the schema stands there. The text may be half typed, so this
// walks the editor's own tolerant syntax tree instead of a parsed value.

import { syntaxTree } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import type { Document } from '~/api/schema'
import { listOf } from '~/draft/changes'
import { referenceOf } from '~/schema/references'
import { type Definitions, type Node, resolve, variants } from '~/schema/schema'

/** A node of the editor's syntax tree. */
type SyntaxNode = ReturnType<typeof syntaxTree>['topNode']

/** The schema at a node of the tree. */
export interface Spot {
  node: Node
  def: string | undefined
  /** The property that the value belongs to, and the definition that has it. */
  field: string | undefined
  owner: string | undefined
}

function textOf(state: EditorState, node: SyntaxNode): string {
  const raw = state.sliceDoc(node.from, node.to)
  try {
    const value: unknown = JSON.parse(raw)
    return String(value)
  } catch {
    return raw.replace(/^"|"$/g, '')
  }
}

/** The name of a property, and its value node. */
function member(state: EditorState, property: SyntaxNode): { name: string; value: SyntaxNode | null } {
  const name = property.getChild('PropertyName')
  const value = property.lastChild
  return {
    name: name ? textOf(state, name) : '',
    value: value && value.name !== 'PropertyName' && !value.type.isError ? value : null,
  }
}

export function keysOf(state: EditorState, object: SyntaxNode): Map<string, SyntaxNode | null> {
  const keys = new Map<string, SyntaxNode | null>()
  for (const property of object.getChildren('Property')) {
    const { name, value } = member(state, property)
    keys.set(name, value)
  }
  return keys
}

/** The schema of the object or value that `target` is, from the root of the text on. */
export function spotOf(defs: Definitions, root: Node, state: EditorState, target: SyntaxNode): Spot {
  const chain: SyntaxNode[] = []
  for (let at: SyntaxNode | null = target; at; at = at.parent) chain.unshift(at)
  let given = root
  let field: string | undefined
  let owner: string | undefined
  let current = concrete(defs, given, state, undefined)
  for (const at of chain) {
    if (at.name === 'Object') {
      current = concrete(defs, given, state, at)
    } else if (at.name === 'Array') {
      current = concrete(defs, given, state, undefined)
      given = current.node.items ?? {}
    } else if (at.name === 'Property') {
      const { name } = member(state, at)
      owner = current.def
      field = name
      const rest = current.node.additionalProperties
      given = current.node.properties?.[name] ?? (typeof rest === 'object' ? rest : {})
    }
  }
  if (target.name !== 'Object') current = concrete(defs, given, state, undefined)
  return { ...current, field, owner }
}

/** References followed, and of a union the variant that the text says. */
function concrete(
  defs: Definitions,
  given: Node,
  state: EditorState,
  object: SyntaxNode | undefined,
): { node: Node; def: string | undefined } {
  const { node, def } = resolve(defs, given)
  if (!node.oneOf || !node.discriminator || !object) return { node, def }
  const key = node.discriminator.propertyName
  const told = keysOf(state, object).get(key)
  const name = told ? textOf(state, told) : undefined
  const found = variants(defs, node).find(([each]) => each === name)?.[1]
  if (found) return { node: found, def }
  // Nothing is chosen yet: only the choice itself is known.
  return {
    node: { properties: { [key]: { enum: variants(defs, node).map(([each]) => each) } }, required: [key] },
    def,
  }
}

/** The node whose value a place belongs to: the innermost object, array, property or literal. */
export function nodeAt(state: EditorState, at: number, side: -1 | 1 = -1): SyntaxNode {
  return syntaxTree(state).resolveInner(at, side)
}

/** What a value may be: of an enumeration, of the entities that a reference points to, or yes and no. */
export function valuesOf(spot: Spot, document: Document): { label: string; detail?: string }[] {
  const { node, field, owner } = spot
  if (node.const !== undefined) return [{ label: JSON.stringify(node.const) }]
  if (node.enum) return node.enum.map((each) => ({ label: JSON.stringify(each) }))
  if (node.type === 'boolean') return [{ label: 'true' }, { label: 'false' }]
  const reference = field ? (referenceOf(owner, field) ?? LISTED[field]) : undefined
  if (!reference) return []
  const list = listOf(document, reference.section) as readonly { id: string; name?: string }[]
  return list.slice(0, 2000).map((entity) => {
    const value = reference.by === 'id' ? entity.id : (entity.name ?? entity.id)
    return {
      label: JSON.stringify(value),
      ...(entity.name && entity.name !== value && { detail: entity.name.slice(0, 80) }),
    }
  })
}

/** References that are lists, or that forms choose in another way. */
const LISTED: Readonly<Record<string, ReturnType<typeof referenceOf>>> = {
  trackScriptIds: { section: 'keepalived.trackScripts', by: 'id' },
  instanceIds: { section: 'keepalived.instances', by: 'id' },
  profileId: { section: 'securityProfiles', by: 'id' },
  providerId: { section: 'authProviders', by: 'id' },
  resolvers: { section: 'resolvers', by: 'name' },
}
