// What a text in the editor is worth: what is wrong with it, and what taking it over would change. A large one is looked at in a
// worker, so that the page goes on meanwhile.

import { format, type Language } from '~/i18n'
import type { Definitions, Node } from '~/schema/schema'
import { analyse, type Finding } from './analyse'
import { complete } from './check'
import { type Delta, deltaOf } from './delta'
import { messages } from './messages'
import { plain } from './tree'

export interface Job {
  text: string
  defs: Definitions
  node: Node
  language: Language
  /** The text of what is there now, when the text shall be taken over. */
  before?: string
}

export interface Answer {
  findings: Finding[]
  /** From what is there to what the text says, with every default that it leaves out; not where a finding stops it. */
  delta?: Delta
}

/** Characters. Looking at so many takes some ten milliseconds. */
export const LARGE = 300_000

export function examine({ text, defs, node, language, before }: Job): Answer {
  const { tree, findings } = analyse(text, defs, node, (key, params) =>
    format(language, messages[language][key], params),
  )
  if (before === undefined || !tree || findings.some((finding) => finding.stops)) return { findings }
  return { findings, delta: deltaOf(JSON.parse(before), complete(defs, node, plain(tree))) }
}

/** The answer of a worker; `stop` ends it. */
export function examineBeside(job: Job): { answer: Promise<Answer>; stop: () => void } {
  const worker = new Worker(new URL('./examine.worker.ts', import.meta.url), { type: 'module' })
  const answer = new Promise<Answer>((done, fail) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => done(data)
    worker.onerror = ({ message }) => fail(new Error(message))
  })
  worker.postMessage(job)
  return { answer: answer.finally(() => worker.terminate()), stop: () => worker.terminate() }
}
