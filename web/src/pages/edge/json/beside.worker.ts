// Looks for what is wrong with a large text, beside the page, so that typing goes on meanwhile.

import { format, type Language } from '~/i18n'
import type { Definitions, Node } from '~/schema/schema'
import { analyse } from './analyse'
import { messages } from './messages'

export interface Job {
  text: string
  defs: Definitions
  node: Node
  language: Language
}

self.onmessage = ({ data }: MessageEvent<Job>) => {
  const { text, defs, node, language } = data
  const { findings } = analyse(text, defs, node, (key, params) => format(language, messages[language][key], params))
  self.postMessage(findings)
}
