// Two texts side by side, with what differs marked. Brings an editor along, so it is loaded when it is opened.

import { MergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { nonce } from '~/app/nonce'

export default function SideBySide({ before, after, label }: { before: string; after: string; label: string }) {
  const parent = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!parent.current) return

    const extensions = [
      lineNumbers(),
      EditorState.readOnly.of(true),
      EditorView.lineWrapping,
      EditorView.cspNonce.of(nonce()),
    ]
    const view = new MergeView({
      a: { doc: before, extensions },
      b: { doc: after, extensions },
      parent: parent.current,
      collapseUnchanged: { margin: 3 },
    })
    return () => view.destroy()
  }, [before, after])
  return <section ref={parent} aria-label={label} />
}
