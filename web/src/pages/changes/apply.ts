// Making a draft live, with its progress.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '~/api/client'
import { follow } from '~/api/live'
import { Problem } from '~/api/problem'
import type { Document } from '~/api/schema'
import { setIssues } from '~/draft/issues'
import { isObject } from '~/draft/json'
import { type Operation, toPatch } from '~/draft/patch'
import { draft } from '~/draft/store'
import { patchHeaders } from './plan'

/** The steps of an apply, in their order (see the architecture's "walk of one PUT"). */
export const STEPS = [
  'queued',
  'checked',
  'rendered',
  'planned',
  'built',
  'validated',
  'swapped',
  'loaded',
  'verified',
  'committed',
] as const
export type Step = (typeof STEPS)[number]

export type Action = 'none' | 'runtime' | 'reload'

/** What became live. */
export interface Applied {
  document: Document
  etag: string
  action: Action
}

/** Follows the steps of the apply with this id, until the returned function is called. */
export function followSteps(id: string, reached: (step: Step) => void): () => void {
  return follow('state.progress', (data) => {
    if (!isObject(data) || data.apply !== id) return
    const step = STEPS.find((known) => known === data.step)
    if (step) reached(step)
  })
}

async function send(patch: Operation[], etag: string, id: string): Promise<Applied> {
  const { data, response } = await answer(
    api.PATCH('/api/state', {
      body: patch as never,
      bodySerializer: (body: unknown) => JSON.stringify(body),
      headers: { ...patchHeaders(etag), 'plenum-apply-id': id },
    }),
  )
  const action = response.headers.get('plenum-action')
  return {
    document: data as Document,
    etag: (response.headers.get('etag') ?? '').replaceAll('"', ''),
    action: action === 'runtime' || action === 'reload' ? action : 'none',
  }
}

/** Applies the draft. `step` is the last one that was reached. */
export function useApply() {
  const client = useQueryClient()
  const [step, setStep] = useState<Step>()
  const mutation = useMutation({
    mutationFn: async (): Promise<Applied> => {
      const { base, baseEtag, document } = draft.snapshot()
      if (!base || !document) throw new Problem(0, {})
      const id = crypto.randomUUID()
      setStep(undefined)
      draft.hold(true)
      const stop = followSteps(id, setStep)
      try {
        const applied = await send(toPatch(base, document), baseEtag, id)
        client.setQueryData(['state'], { document: applied.document, etag: applied.etag })
        draft.applied(applied.document, applied.etag)
        setIssues([])
        return applied
      } finally {
        stop()
        draft.hold(false)
      }
    },
    onError: (error) => {
      if (!(error instanceof Problem)) return
      setIssues(error.issues)
      // Somebody was faster: read what is live now; the draft is carried over onto it.
      if (error.status === 412) void client.invalidateQueries({ queryKey: ['state'] })
    },
  })
  return { ...mutation, step }
}
