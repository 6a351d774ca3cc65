// Everything that is wrong with a text, in one list with positions. Pure.

import type { Issue } from '~/api/problem'
import type { Definitions, Node } from '~/schema/schema'
import { check } from './check'
import type { JsonMessage } from './messages'
import { BadJson, find, parse, type Tree } from './tree'

export interface Finding {
  from: number
  to: number
  message: string
  /** Whether the text cannot be taken over with it. */
  stops: boolean
}

export interface Analysis {
  /** `undefined` when the text is not JSON. */
  tree: Tree | undefined
  findings: Finding[]
}

type Translate = (key: JsonMessage, params?: Record<string, string | number>) => string

export function analyse(text: string, defs: Definitions, node: Node, t: Translate): Analysis {
  let tree: Tree
  try {
    tree = parse(text)
  } catch (cause) {
    if (!(cause instanceof BadJson)) throw cause
    const { from, to, fault } = cause
    return { tree: undefined, findings: [{ from, to, message: t(`fault.${fault}`), stops: true }] }
  }
  const findings = check(defs, node, tree).map(({ from, to, code, of, structural }) => ({
    from,
    to,
    message: t(`problem.${code}`, { of: of.length > 300 ? `${of.slice(0, 300)}…` : of }),
    stops: structural,
  }))
  return { tree, findings: findings.sort((a, b) => a.from - b.from) }
}

/** What the daemon said about the part that is edited, each at its place. */
export function fromDaemon(issues: readonly Issue[], at: readonly (string | number)[], tree: Tree): Finding[] {
  return issues.flatMap((issue) => {
    if (!at.every((step, i) => issue.path[i] === step)) return []
    const place = find(tree, issue.path.slice(at.length))
    const to = place.kind === 'object' || place.kind === 'array' ? place.from + 1 : place.to
    return [{ from: place.from, to, message: issue.message, stops: false }]
  })
}

/** Line and column of a place, both from 1. */
export function lineOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return { line, column: at - before.lastIndexOf('\n') }
}
