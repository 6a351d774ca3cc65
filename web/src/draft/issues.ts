// The problems that the daemon last found in the draft, so that forms show each beside its field. The review writes them.

import { useMemo, useSyncExternalStore } from 'react'
import type { Issue } from '~/api/problem'
import { listOf } from './changes'
import { useDocument } from './hooks'
import { isList, locate, type Section } from './sections'

let issues: readonly Issue[] = []
const listeners = new Set<() => void>()

export function setIssues(found: readonly Issue[]): void {
  issues = found
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useAllIssues(): readonly Issue[] {
  return useSyncExternalStore(subscribe, () => issues)
}

/** A JSON pointer (RFC 6901) of a path. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The messages about one entity of a list (or one single object), by pointer from the entity on. */
export function useIssuesOf(section: Section, id?: string): ReadonlyMap<string, string> {
  const all = useAllIssues()
  const document = useDocument()
  return useMemo(() => {
    const mine = new Map<string, string>()
    for (const issue of all) {
      const at = locate(issue.path)
      if (at.section !== section) continue
      if (isList(section)) {
        const entity = document && at.index !== undefined ? listOf(document, section)[at.index] : undefined
        if (entity?.id !== id) continue
      }
      mine.set(pointerOf(at.rest), issue.message)
    }
    return mine
  }, [all, document, section, id])
}
