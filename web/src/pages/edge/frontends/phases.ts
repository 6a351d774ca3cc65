// The phases in which rules are evaluated, in the order in which a request meets them.

import type { RulePhases } from '~/api/schema'

export type Phase = keyof Pick<
  RulePhases,
  | 'tcpRequestConnection'
  | 'tcpRequestSession'
  | 'tcpRequestContent'
  | 'httpRequest'
  | 'tcpResponseContent'
  | 'httpResponse'
  | 'httpAfterResponse'
>

/** The definition of a rule in the schema, by its phase. */
export const RULES: Readonly<Record<Phase, string>> = {
  tcpRequestConnection: 'TcpConnectionRule',
  tcpRequestSession: 'TcpSessionRule',
  tcpRequestContent: 'TcpContentRule',
  httpRequest: 'HttpRequestRule',
  tcpResponseContent: 'TcpResponseRule',
  httpResponse: 'HttpResponseRule',
  httpAfterResponse: 'HttpAfterResponseRule',
}

export const PHASES = Object.keys(RULES) as Phase[]

/** The phases of a mode. Rules that stand in others stay visible, so that they can be moved or removed. */
export function phasesOf(mode: string, rules: RulePhases): Phase[] {
  return PHASES.filter((phase) => mode === 'http' || phase.startsWith('tcp') || rules[phase].length > 0)
}
