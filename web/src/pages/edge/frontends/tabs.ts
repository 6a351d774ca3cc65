// The parts of a frontend's page, and which one a field is in.

export const TABS = ['binds', 'options', 'rules', 'stats', 'all'] as const
export type FrontendTab = (typeof TABS)[number]

/** The tab that shows the field at a pointer from the frontend on. */
export function tabOf(pointer: string): FrontendTab {
  const [, first] = pointer.split('/')
  if (first === 'rulePhases') return 'rules'
  if (first === 'httpOpts' || first === 'tcpOpts') return 'options'
  if (first === 'stats') return 'stats'
  return first === 'useErrorFilesId' ? 'all' : 'binds'
}
