// Servers from pasted lines. Pure.

import type { Server } from '~/api/schema'

const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/

/** A line that holds no server. */
export interface BadLine {
  line: number
  text: string
}

/** The servers of a text, one a line, as `name address` or `address`; names are made where they are missing or taken. */
export function serversOf(text: string, taken: ReadonlySet<string>): { servers: Server[]; bad: BadLine[] } {
  const names = new Set(taken)
  const servers: Server[] = []
  const bad: BadLine[] = []
  for (const [i, raw] of text.split('\n').entries()) {
    // A line of haproxy.cfg is welcome too: `server web-1 10.0.0.5:80 check`.
    const words = raw
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '' && word !== 'server')
    if (words.length === 0) continue
    const at = words.findIndex((word) => ADDRESS.test(word))
    const address = words[at]
    if (at < 0 || at > 1 || address === undefined) {
      bad.push({ line: i + 1, text: raw.trim().slice(0, 80) })
      continue
    }
    const name = freshName(at === 1 ? (words[0] ?? '') : '', names)
    names.add(name)
    servers.push(newServer(name, address, words.includes('check', at)))
  }
  return { servers, bad }
}

/** A server with the defaults that the daemon would give it. */
export function newServer(name: string, address: string, check: boolean): Server {
  return { name, address, check, backup: false, ssl: false, sendProxy: 'none', advancedDirectives: [] }
}

/** A name that is not taken: the wished one, or `server-<n>`. */
export function freshName(wished: string, taken: ReadonlySet<string>): string {
  const name = wished.replace(/[^A-Za-z0-9._:-]/g, '-')
  if (name !== '' && !taken.has(name)) return name
  const stem = name === '' ? 'server' : name
  for (let n = name === '' ? 1 : 2; ; n++) if (!taken.has(`${stem}-${n}`)) return `${stem}-${n}`
}
