import { jsonLanguage } from '@codemirror/lang-json'
import { ensureSyntaxTree } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { expect, test } from 'vitest'
import { json } from './language'

const LONG = JSON.stringify(
  Array.from({ length: 20_000 }, (_, i) => ({ name: `web-${i}`, port: i, tags: ['a', 'b'], tls: i % 2 === 0 })),
  null,
  2,
)

/** Reads as the editor does in the background, and says in how many slices. */
function read(state: EditorState) {
  for (let slices = 1; slices < 10_000; slices++) {
    const tree = ensureSyntaxTree(state, state.doc.length, 1_000)
    if (tree?.length === state.doc.length) return { tree, slices }
  }
  throw new Error('the text was not read to its end')
}

test('a long text is read in slices, to the same tree', () => {
  const { tree, slices } = read(EditorState.create({ doc: LONG, extensions: json() }))
  expect(slices).toBeGreaterThan(1)
  expect(tree.toString()).toBe(jsonLanguage.parser.parse(LONG).toString())
})

test('what is changed in the middle is read again', () => {
  const state = EditorState.create({ doc: LONG, extensions: json() })
  read(state)
  const at = LONG.indexOf('"web-10000"')
  const { state: changed } = state.update({ changes: { from: at, to: at + 11, insert: '[{"x": null}, true]' } })
  const { tree } = read(changed)
  expect(tree.toString()).toBe(jsonLanguage.parser.parse(changed.doc.toString()).toString())
})
