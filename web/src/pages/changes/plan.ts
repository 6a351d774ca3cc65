// What the daemon says about the draft: what it would do, or what is wrong with it. Asked anew when the draft changes.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo } from 'react'
import { api, unwrap } from '~/api/client'
import { Problem } from '~/api/problem'
import type { Plan } from '~/api/schema'
import { useDraft } from '~/draft/hooks'
import { setIssues } from '~/draft/issues'
import { type Operation, toPatch } from '~/draft/patch'

/** What a patch of the state document is sent with. */
export function patchHeaders(etag: string): Record<string, string> {
  return { 'content-type': 'application/json-patch+json', 'if-match': `"${etag}"` }
}

export async function plan(patch: Operation[], etag: string, signal: AbortSignal): Promise<Plan> {
  try {
    const answer = await unwrap(
      api.POST('/api/state/plan', {
        params: { query: { check: true } },
        body: patch as never,
        bodySerializer: (body: unknown) => JSON.stringify(body),
        headers: patchHeaders(etag),
        signal,
      }),
    )
    setIssues([])
    return answer
  } catch (error) {
    // Forms show each issue beside its field.
    if (error instanceof Problem) setIssues(error.issues)
    throw error
  }
}

/** The patch that makes the draft live, and the daemon's plan for it. */
export function usePlan() {
  // Both documents of one moment: a new live one has no object in common with an older draft, and every entity of the two would
  // be compared.
  const { base, baseEtag, document, conflicts } = useDeferredValue(useDraft())
  const patch = useMemo(() => (base && document ? toPatch(base, document) : []), [base, document])
  const query = useQuery({
    queryKey: ['plan', baseEtag, JSON.stringify(patch)],
    queryFn: ({ signal }) => plan(patch, baseEtag, signal),
    enabled: patch.length > 0 && conflicts.length === 0,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  return { patch, query }
}
