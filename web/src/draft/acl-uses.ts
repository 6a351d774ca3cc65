// Where ACLs are used: the conditions of all rules of all frontends, and the few texts that may name one. Pure.

import type { Document, Frontend, RulePhases, Term } from '~/api/schema'

export type Phase = keyof RulePhases & string

/** The phases in the order in which HAProxy evaluates them. */
export const PHASES = [
  'tcpRequestConnection',
  'tcpRequestSession',
  'tcpRequestContent',
  'httpRequest',
  'tcpResponseContent',
  'httpResponse',
  'httpAfterResponse',
] as const satisfies readonly Phase[]

export interface Use {
  frontendId: string
  phase: Phase
  ruleId: string
}

interface AnyRule {
  id: string
  condition: Term[]
}

/** Every use of every ACL, by the ACL's name; a rule that names one twice counts once. */
export function usesOfAcls(document: Document): Map<string, Use[]> {
  const uses = new Map<string, Use[]>()
  for (const frontend of document.haproxy.frontends) {
    for (const phase of PHASES) {
      for (const rule of frontend.rulePhases[phase] as readonly AnyRule[]) {
        for (const name of namesIn(rule.condition)) {
          const list = uses.get(name)
          const use = { frontendId: frontend.id, phase, ruleId: rule.id }
          if (list) list.push(use)
          else uses.set(name, [use])
        }
      }
    }
  }
  return uses
}

function namesIn(condition: readonly Term[]): Set<string> {
  const names = new Set<string>()
  for (const term of condition) if (term.kind === 'aclRef') names.add(term.aclName)
  return names
}

/** Whether a free text of a frontend (monitoring, the statistics page, further conditions) mentions an ACL. */
export function isMentioned(frontends: readonly Frontend[], name: string): boolean {
  const word = new RegExp(`(^|[\\s!{(])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}($|[\\s})])`)
  return frontends.some((frontend) =>
    [frontend.httpOpts.monitorFail, frontend.stats.adminAclExpression].some((text) => text && word.test(text)),
  )
}

/** The document with an ACL's name changed everywhere that conditions refer to it. */
export function renameAcl(document: Document, id: string, name: string): Document {
  const old = document.acls.find((acl) => acl.id === id)?.name
  if (old === undefined || old === name) return document
  const frontends = document.haproxy.frontends.map((frontend) => renameIn(frontend, old, name))
  return {
    ...document,
    acls: document.acls.map((acl) => (acl.id === id ? { ...acl, name } : acl)),
    haproxy: { ...document.haproxy, frontends },
  }
}

function renameIn(frontend: Frontend, old: string, name: string): Frontend {
  let phases = frontend.rulePhases
  for (const phase of PHASES) {
    const rules = phases[phase] as readonly AnyRule[]
    if (!rules.some((rule) => namesIn(rule.condition).has(old))) continue
    const next = rules.map((rule) => ({
      ...rule,
      condition: rule.condition.map((term) =>
        term.kind === 'aclRef' && term.aclName === old ? { ...term, aclName: name } : term,
      ),
    }))
    phases = { ...phases, [phase]: next } as RulePhases
  }
  return phases === frontend.rulePhases ? frontend : { ...frontend, rulePhases: phases }
}
