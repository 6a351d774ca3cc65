// JSON for the editor, read in slices that fit into a frame. CodeMirror reads a text in the background for up to 100 ms at a time
// in browsers that tell it when somebody types, which with thousands of backends keeps everything else waiting.

import { jsonLanguage } from '@codemirror/lang-json'
import { Language, LanguageSupport, ParseContext } from '@codemirror/language'
import { type Input, Parser, type PartialParse, type TreeFragment } from '@lezer/common'

/** Milliseconds. What is read is then also drawn, in the same task. */
const SLICE = 15

/** How many tokens are read between two looks at the clock. */
const AT_ONCE = 200

export const json = () => new LanguageSupport(new Language(jsonLanguage.data, new Slices(), [], jsonLanguage.name))

class Slices extends Parser {
  createParse(input: Input, fragments: readonly TreeFragment[], ranges: readonly { from: number; to: number }[]) {
    return new Slice(input, jsonLanguage.parser.startParse(input, fragments, ranges))
  }
}

class Slice implements PartialParse {
  stoppedAt: number | null = null
  private readonly end = performance.now() + SLICE

  constructor(
    private readonly input: Input,
    private readonly inner: PartialParse,
  ) {}

  advance() {
    for (let i = 0; i < AT_ONCE; i++) {
      const tree = this.inner.advance()
      if (tree) return tree
    }
    return performance.now() > this.end ? this.leave() : null
  }

  stopAt(position: number) {
    this.stoppedAt = position
    this.inner.stopAt(position)
  }

  get parsedPos() {
    return this.inner.parsedPos
  }

  /** What was read so far; the rest is marked as skipped, and read as soon as the page had the chance to answer. */
  private leave() {
    this.inner.stopAt(this.inner.parsedPos)
    let tree = this.inner.advance()
    while (!tree) tree = this.inner.advance()
    const rest = [{ from: tree.length, to: this.input.length }]
    ParseContext.getSkippingParser(Promise.resolve()).startParse(this.input, [], rest).advance()
    return tree
  }
}
