// Where a frontend sends requests: the rules, the names of the SNI router, and the default, in the order in which HAProxy asks
// them. Pure.

import type { Frontend, Term } from '~/api/schema'
import { remembered } from './remembered'

export interface BackendLink {
  /** Tells the links of one frontend apart. */
  key: string
  kind: 'rule' | 'sni' | 'default'
  backendId: string
  /** Whether requests can take it: a rule that is off, or the default of the other mode, sends nothing. */
  active: boolean
  /** The field that says so, from the frontend on. */
  path: (string | number)[]
  /** When a rule applies. */
  condition: readonly Term[]
  /** The name that an entry of the SNI router is for. */
  sni?: string
}

export const linksOf = remembered(findLinks)

function findLinks(frontend: Frontend): BackendLink[] {
  const links: BackendLink[] = []
  for (const [i, rule] of frontend.rulePhases.httpRequest.entries()) {
    if (rule.action.type !== 'use-backend') continue
    links.push({
      key: rule.id,
      kind: 'rule',
      backendId: rule.action.backendId,
      active: frontend.enabled && rule.enabled && frontend.mode === 'http',
      path: ['rulePhases', 'httpRequest', i],
      condition: rule.condition,
    })
  }
  const { enabled, sniMap } = frontend.tcpOpts.sniRouter
  for (const [i, { backendId, sniPattern }] of sniMap.entries()) {
    links.push({
      key: `sni/${i}`,
      kind: 'sni',
      backendId,
      active: frontend.enabled && enabled && frontend.mode === 'tcp',
      path: ['tcpOpts', 'sniRouter', 'sniMap', i],
      condition: [],
      sni: sniPattern,
    })
  }
  for (const [mode, options] of [
    ['http', 'httpOpts'],
    ['tcp', 'tcpOpts'],
  ] as const) {
    const backendId = frontend[options].defaultBackendId
    if (!backendId) continue
    links.push({
      key: `default/${mode}`,
      kind: 'default',
      backendId,
      active: frontend.enabled && frontend.mode === mode,
      path: [options, 'defaultBackendId'],
      condition: [],
    })
  }
  return links
}
