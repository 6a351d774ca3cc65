// The code editor itself. This module and CodeMirror are loaded only when the page is opened.

import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, diagnosticCount, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension, Transaction } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { classHighlighter } from '@lezer/highlight'
import type { Document } from '~/api/schema'
import { type Definitions, initial, type Node, resolve } from '~/schema/schema'
import { keysOf, nodeAt, spotOf, valuesOf } from './assist'
import { typeOf } from './check'
import { differenceOf } from './difference'
import { json } from './language'

/** What the editor asks the page while it runs; the page may change what it answers. */
export interface Host {
  defs: Definitions
  root: Node
  document: Document
  /** What is said about a field on hover and in completions. */
  help: (def: string | undefined, field: string, node: Node) => { label: string; help: string }
  words: { required: string; default: (value: string) => string; secret: string }
}

interface Options {
  text: string
  label: string
  readOnly: boolean
  nonce: string
  phrases: Record<string, string>
  host: () => Host
  /** `isTyped`: by the person in front of it, and not by the page. */
  changed: (text: string, isTyped: boolean) => void
}

/** What the editor begins with. With a large text it takes half a frame, and the view the other half. */
export function stateOf({ text, label, readOnly, nonce, phrases, host, changed }: Options): EditorState {
  const extensions: Extension[] = [
    EditorView.cspNonce.of(nonce),
    EditorState.phrases.of(phrases),
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
    lineNumbers(),
    highlightActiveLineGutter(),
    foldGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    json(),
    syntaxHighlighting(classHighlighter),
    lintGutter(),
    autocompletion({ override: readOnly ? [] : [(context) => complete(context, host())], icons: false }),
    hoverTooltip((view, at, side) => explain(view, at, side, host())),
    // Tab is left to the browser, so that the keyboard finds its way out of the editor.
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return
      const isTyped = update.transactions.some((each) => each.annotation(Transaction.userEvent) !== undefined)
      changed(update.state.doc.toString(), isTyped)
    }),
    LOOK,
  ]
  return EditorState.create({ doc: text, extensions })
}

/** Makes the text another one. What both begin and end with stays, and with it the cursor and what was read of it. */
export function replaceText(view: EditorView, text: string): void {
  const { from, to, insert } = differenceOf(view.state.doc.toString(), text)
  if (from < to || insert !== '') view.dispatch({ changes: { from, to, insert } })
}

export function showDiagnostics(view: EditorView, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0 && diagnosticCount(view.state) === 0) return
  const end = view.state.doc.length
  const inside = diagnostics.map((each) => ({
    ...each,
    from: Math.min(each.from, end),
    to: Math.min(Math.max(each.to, each.from), end),
  }))
  view.dispatch(setDiagnostics(view.state, inside))
}

/** Puts the cursor at a place and brings it into the middle. */
export function show(view: EditorView, from: number, to = from): void {
  view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
}

function complete(context: CompletionContext, host: Host): CompletionResult | null {
  const { state, pos } = context
  const at = nodeAt(state, pos)
  const word = context.matchBefore(/"?[\w.*-]*/)
  if (!word || (word.from === word.to && !context.explicit)) return null
  const isKey = at.name === 'PropertyName' || at.name === 'Object' || (at.name === '⚠' && at.parent?.name === 'Object')
  const object = at.name === 'Object' ? at : at.name === 'PropertyName' ? at.parent?.parent : at.parent
  const after = /"?\s*:/.test(state.sliceDoc(pos, Math.min(state.doc.length, pos + 3)))
  // A quote that the editor closed by itself is part of what is replaced.
  const to = state.sliceDoc(pos, pos + 1) === '"' && word.text.startsWith('"') ? pos + 1 : pos
  if (isKey && object?.name === 'Object') {
    const { node, def } = spotOf(host.defs, host.root, state, object)
    const there = keysOf(state, object)
    const current = at.name === 'PropertyName' ? state.sliceDoc(at.from, at.to).replaceAll('"', '') : ''
    const options = Object.entries(node.properties ?? {})
      .filter(([name]) => !there.has(name) || name === current)
      .map(([name, property]): Completion => {
        const { help } = host.help(def, name, property)
        const resolved = resolve(host.defs, property).node
        const start = JSON.stringify(initial(host.defs, property) ?? null)
        return {
          label: `"${name}"`,
          detail: typeOf(resolved),
          info: help,
          boost: node.required?.includes(name) ? 1 : 0,
          apply: after ? `"${name}"` : `"${name}": ${start}`,
        }
      })
    return { from: word.from, to, options, validFor: /^"?[\w.-]*$/ }
  }
  const spot = spotOf(host.defs, host.root, state, at)
  const options = valuesOf(spot, host.document).map((each): Completion => ({ ...each, apply: each.label }))
  return options.length > 0 ? { from: word.from, to, options, validFor: /^"?[\w.*-]*$/ } : null
}

function explain(view: EditorView, at: number, side: -1 | 1, host: Host) {
  const node = nodeAt(view.state, at, side)
  if (node.name !== 'PropertyName' || !node.parent) return null
  const spot = spotOf(host.defs, host.root, view.state, node.parent)
  const { field, owner } = spot
  if (!field) return null
  const { label, help } = host.help(owner, field, spot.node)
  const dom = document.createElement('div')
  dom.className = 'plenum-hover'
  const head = dom.appendChild(document.createElement('strong'))
  head.textContent = `${label} · ${typeOf(spot.node)}`
  for (const line of [help, ...facts(spot.node, host)]) {
    if (line !== '') dom.appendChild(document.createElement('p')).textContent = line
  }
  return { pos: node.from, end: node.to, above: true, create: () => ({ dom }) }
}

function facts(node: Node, host: Host): string[] {
  const lines: string[] = []
  if (node.enum) lines.push(node.enum.map((each) => JSON.stringify(each)).join(', '))
  if (node.default !== undefined && node.default !== null) {
    const text = JSON.stringify(node.default)
    lines.push(host.words.default(text.length > 120 ? `${text.slice(0, 120)}…` : text))
  }
  if (node.writeOnly) lines.push(host.words.secret)
  return lines
}

const LOOK = EditorView.theme({
  '&': {
    fontSize: '13px',
    height: '100%',
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-text)',
  },
  '&.cm-focused': { outline: '2px solid var(--mantine-primary-color-filled)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55' },
  '.cm-gutters': {
    backgroundColor: 'var(--plenum-ground)',
    color: 'var(--mantine-color-dimmed)',
    borderRight: '1px solid var(--mantine-color-default-border)',
  },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--mantine-primary-color-filled) 8%, transparent)',
  },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--mantine-primary-color-filled) 28%, transparent) !important',
  },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--mantine-color-default-hover)',
    border: 'none',
    color: 'var(--mantine-color-dimmed)',
    padding: '0 6px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--mantine-color-default-border)',
    borderRadius: '6px',
    boxShadow: 'var(--mantine-shadow-md)',
    maxWidth: 'min(440px, 90vw)',
    overflowWrap: 'anywhere',
  },
  '.cm-tooltip .plenum-hover': { padding: '8px 10px', fontSize: '13px' },
  '.cm-tooltip .plenum-hover p': { margin: '4px 0 0', color: 'var(--mantine-color-dimmed)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--mantine-primary-color-filled)',
    color: 'white',
  },
  '.cm-panels': {
    backgroundColor: 'var(--plenum-ground)',
    color: 'var(--mantine-color-text)',
    borderColor: 'var(--mantine-color-default-border)',
  },
  '.cm-panel input, .cm-panel button': { fontSize: '13px' },
})
