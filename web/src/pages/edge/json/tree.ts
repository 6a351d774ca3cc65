// JSON with positions: where each value and each key stands in a text, and exactly where a text stops being JSON. Pure.

export interface Key {
  name: string
  from: number
  to: number
}

export type Tree = { from: number; to: number } & (
  | { kind: 'object'; members: { key: Key; value: Tree }[] }
  | { kind: 'array'; items: Tree[] }
  | { kind: 'string'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null' }
)

/** What is wrong with a text; the wording is the page's. */
export type Fault = 'value' | 'key' | 'colon' | 'comma' | 'end' | 'string' | 'number' | 'trailing' | 'double' | 'deep'

export class BadJson extends Error {
  constructor(
    readonly fault: Fault,
    readonly from: number,
    readonly to: number = from + 1,
  ) {
    super(fault)
    this.name = 'BadJson'
  }
}

/** The daemon refuses what is nested more deeply. */
const DEEPEST = 64

export function parse(text: string): Tree {
  const reader = new Reader(text)
  const tree = reader.value(0)
  reader.space()
  if (reader.at < text.length) throw new BadJson('trailing', reader.at)
  return tree
}

class Reader {
  at = 0
  constructor(private readonly text: string) {}

  space(): void {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? 'x')) this.at++
  }

  value(depth: number): Tree {
    this.space()
    if (depth > DEEPEST) throw new BadJson('deep', this.at)
    const from = this.at
    const first = this.text[from]
    if (first === undefined) throw new BadJson('end', Math.max(0, from - 1), from)
    if (first === '{') return this.object(depth)
    if (first === '[') return this.array(depth)
    if (first === '"') return { kind: 'string', value: this.string(), from, to: this.at }
    if (first === '-' || (first >= '0' && first <= '9')) return this.number()
    for (const [word, tree] of WORDS) {
      if (this.text.startsWith(word, from)) {
        this.at += word.length
        return { ...tree, from, to: this.at }
      }
    }
    throw new BadJson('value', from)
  }

  private object(depth: number): Tree {
    const from = this.at++
    const members: { key: Key; value: Tree }[] = []
    const names = new Set<string>()
    for (;;) {
      this.space()
      if (this.text[this.at] === '}' && members.length === 0) break
      const at = this.at
      if (this.text[at] === undefined) throw new BadJson('end', from)
      if (this.text[at] !== '"') throw new BadJson('key', at)
      const key = { name: this.string(), from: at, to: this.at }
      if (names.has(key.name)) throw new BadJson('double', key.from, key.to)
      names.add(key.name)
      this.space()
      if (this.text[this.at] !== ':') throw new BadJson('colon', this.at)
      this.at++
      members.push({ key, value: this.value(depth + 1) })
      if (!this.comma('}', from)) break
    }
    this.at++
    return { kind: 'object', members, from, to: this.at }
  }

  private array(depth: number): Tree {
    const from = this.at++
    const items: Tree[] = []
    for (;;) {
      this.space()
      if (this.text[this.at] === ']' && items.length === 0) break
      items.push(this.value(depth + 1))
      if (!this.comma(']', from)) break
    }
    this.at++
    return { kind: 'array', items, from, to: this.at }
  }

  /** Whether another entry follows; else the closing bracket stands here. */
  private comma(close: string, open: number): boolean {
    this.space()
    const here = this.text[this.at]
    if (here === close) return false
    if (here === undefined) throw new BadJson('end', open)
    if (here !== ',') throw new BadJson('comma', this.at)
    this.at++
    return true
  }

  private string(): string {
    const from = this.at
    for (let i = from + 1; i < this.text.length; i++) {
      const char = this.text[i]
      if (char === '\\') i++
      else if (char === '"') {
        this.at = i + 1
        try {
          return JSON.parse(this.text.slice(from, this.at)) as string
        } catch {
          throw new BadJson('string', from, this.at)
        }
      } else if (char === '\n') break
    }
    throw new BadJson('string', from)
  }

  private number(): Tree {
    const from = this.at
    const found = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    found.lastIndex = from
    const text = found.exec(this.text)?.[0]
    if (text === undefined || /[\w.]/.test(this.text[from + text.length] ?? '')) throw new BadJson('number', from)
    this.at = from + text.length
    return { kind: 'number', value: Number(text), from, to: this.at }
  }
}

type Word = { kind: 'boolean'; value: boolean } | { kind: 'null' }
const WORDS: readonly (readonly [string, Word])[] = [
  ['true', { kind: 'boolean', value: true }],
  ['false', { kind: 'boolean', value: false }],
  ['null', { kind: 'null' }],
]

/** The value itself, without positions. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'object':
      return Object.fromEntries(tree.members.map(({ key, value }) => [key.name, plain(value)]))
    case 'array':
      return tree.items.map(plain)
    case 'null':
      return null
    default:
      return tree.value
  }
}

/** The value at a path, or the last one on the way to it that is there. */
export function find(tree: Tree, path: readonly (string | number)[]): Tree {
  let at = tree
  for (const step of path) {
    let next: Tree | undefined
    if (at.kind === 'array') {
      next = at.items[Number(step)] ?? at.items.find((item) => idOf(item) === String(step))
    } else if (at.kind === 'object') {
      next = at.members.find(({ key }) => key.name === String(step))?.value
    }
    if (!next) return at
    at = next
  }
  return at
}

export function idOf(tree: Tree): string | undefined {
  if (tree.kind !== 'object') return undefined
  const id = tree.members.find(({ key }) => key.name === 'id')?.value
  return id?.kind === 'string' ? id.value : undefined
}
