// What is wrong with the text in the editor: small texts are looked at at once, large ones in a worker.

import { useEffect, useMemo, useState } from 'react'
import { useLanguage, useMessages } from '~/i18n'
import type { Definitions, Node } from '~/schema/schema'
import { type Analysis, analyse } from './analyse'
import { examineBeside, LARGE } from './examine'
import { messages } from './messages'

const NOTHING: Analysis = { tree: undefined, findings: [] }

/** `isEdited`: whether somebody typed; a large text that nobody touched came from the draft, and is not looked at. */
export function useAnalysis(text: string, defs: Definitions, node: Node, isEdited: boolean): Analysis {
  const t = useMessages(messages)
  const isLarge = text.length > LARGE
  const own = useMemo(() => (isLarge ? NOTHING : analyse(text, defs, node, t)), [isLarge, text, defs, node, t])
  const beside = useBeside(isLarge && isEdited ? text : undefined, defs, node)
  return isLarge ? beside : own
}

function useBeside(text: string | undefined, defs: Definitions, node: Node): Analysis {
  const language = useLanguage()
  const [found, setFound] = useState(NOTHING)
  useEffect(() => {
    if (text === undefined) return
    const { answer, stop } = examineBeside({ text, defs, node, language })
    void answer.then(({ findings }) => setFound({ tree: undefined, findings }))
    // A text that was typed over is not worth an answer any more.
    return stop
  }, [text, defs, node, language])
  return text === undefined ? NOTHING : found
}
