// The graph of the edge: which frontends, rules, backends and servers are shown, and where each stands. Pure.
//
// Four columns, read from left to right. A backend stands beside the first rule that leads to it, so that most lines are
// straight; what nothing leads to comes last.

import type { Backend, Document, Frontend, LiveServer } from '~/api/schema'
import { type BackendLink, linksOf } from '~/draft/backend-links'
import { remembered } from '~/draft/remembered'
import { HEALTH, type Health, type Live } from '~/ui/health'
import type { Words } from './words'

export interface FrontendNode {
  kind: 'frontend'
  frontend: Frontend
}

export interface RuleNode {
  kind: 'rule'
  frontendId: string
  /** When it applies, and the same more exactly. */
  words: () => [name: string, more: string]
  link: BackendLink
}

export interface BackendNode {
  kind: 'backend'
  backend: Backend
  health: Health
  down: number
  expanded: boolean
}

export interface ServerNode {
  kind: 'server'
  backendId: string
  name: string
  address: string
  state: LiveServer['state'] | undefined
  health: Health
}

export type NodeData = FrontendNode | RuleNode | BackendNode | ServerNode

export interface Placed {
  id: string
  x: number
  y: number
  width: number
  data: NodeData
}

export interface Line {
  id: string
  source: string
  target: string
  health: Health
  active: boolean
}

export interface Graph {
  nodes: Placed[]
  lines: Line[]
  /** Where the lowest node ends. */
  height: number
  /** How many backends are shown, and how many there are. */
  shown: number
  total: number
}

export interface Wanted {
  /** What a name, a condition or an address must contain. */
  text: string
  /** Only this frontend. */
  frontend: string | undefined
  /** Only backends of which a server is down. */
  troubled: boolean
  /** Backends whose servers are shown where others' are not, and the other way round. */
  toggled: ReadonlySet<string>
}

const COLUMNS = { frontend: [0, 200], rule: [270, 270], backend: [610, 230], server: [910, 230] } as const
const ROW = 52
/** With more servers than this in sight, each backend shows its own when asked. */
const MANY_SERVERS = 150

/** How the servers of a backend do together. */
function healthOf(states: readonly (LiveServer['state'] | undefined)[]): Health {
  const down = states.filter((state) => state === 'down').length
  if (down > 0) return down === states.length ? 'act' : 'look'
  if (states.some((state) => state === 'maint' || state === 'drain')) return 'look'
  return states.includes('up') ? 'good' : 'idle'
}

// What the filter looks at, a line each. That of backends is remembered, because people type faster than thousands of texts are put
// together.
const textOf = (...lines: string[]) => lines.join('\n').toLowerCase()
const textsOf = remembered(
  (backends: readonly Backend[]): ReadonlyMap<Backend, string> =>
    new Map(
      backends.map((backend) => [
        backend,
        textOf(backend.name, ...backend.servers.flatMap((server) => [server.address, server.name])),
      ]),
    ),
)

/** What is shown of a document. */
export function graphOf(document: Document, live: Live, wanted: Wanted, words: Words): Graph {
  const { frontends, backends } = document.haproxy
  const byId = new Map(backends.map((backend) => [backend.id, backend]))
  const states = new Map(
    backends.map((backend) => {
      const of = live.get(backend.name)
      return [backend.id, backend.servers.map((server) => of?.get(server.name)?.state)] as const
    }),
  )
  const text = wanted.text.trim().toLowerCase()
  const fits = (backend: Backend) => textsOf(backends).get(backend)?.includes(text) ?? false
  const isTroubled = (id: string) => !wanted.troubled || (states.get(id)?.includes('down') ?? false)

  const rows: { frontend: Frontend; links: BackendLink[] }[] = []
  const seen = new Set<string>()
  const shownBackends: Backend[] = []
  const show = (backend: Backend) => {
    if (seen.has(backend.id)) return
    seen.add(backend.id)
    shownBackends.push(backend)
  }
  for (const frontend of frontends) {
    if (wanted.frontend && frontend.id !== wanted.frontend) continue
    const isNamed = text === '' || textOf(frontend.name, ...frontend.binds.map((bind) => bind.address)).includes(text)
    const links = linksOf(frontend).filter((link) => {
      const backend = byId.get(link.backendId)
      if (!backend || !isTroubled(backend.id)) return false
      return isNamed || textOf(...words(link)).includes(text) || fits(backend)
    })
    if (links.length === 0 && !(isNamed && !wanted.troubled)) continue
    rows.push({ frontend, links })
    for (const { backendId } of links) {
      const backend = byId.get(backendId)
      if (backend) show(backend)
    }
  }
  if (!wanted.frontend) {
    for (const backend of backends) if (isTroubled(backend.id) && (text === '' || fits(backend))) show(backend)
  }
  const servers = shownBackends.reduce((sum, backend) => sum + backend.servers.length, 0)
  const isExpanded = (id: string) => servers <= MANY_SERVERS !== wanted.toggled.has(id)
  return place(rows, shownBackends, backends.length, states, live, isExpanded, words)
}

function place(
  rows: readonly { frontend: Frontend; links: BackendLink[] }[],
  shown: readonly Backend[],
  total: number,
  states: ReadonlyMap<string, (LiveServer['state'] | undefined)[]>,
  live: Live,
  isExpanded: (id: string) => boolean,
  words: Words,
): Graph {
  const nodes: Placed[] = []
  const lines: Line[] = []
  const put = (id: string, y: number, data: NodeData) => {
    const [x, width] = COLUMNS[data.kind]
    nodes.push({ id, x, y, width, data })
  }
  const byId = new Map(shown.map((backend) => [backend.id, backend]))
  const centres = new Map<string, number>()
  let nextBackend = 0
  const placeBackend = (backend: Backend, from: number) => {
    const of = states.get(backend.id) ?? []
    const expanded = isExpanded(backend.id) && backend.servers.length > 0
    const top = Math.max(nextBackend, from)
    const height = (expanded ? backend.servers.length : 1) * ROW
    const centre = top + (height - ROW) / 2
    const health = healthOf(of)
    put(`b/${backend.id}`, centre, {
      kind: 'backend',
      backend,
      health,
      down: of.filter((state) => state === 'down').length,
      expanded,
    })
    if (expanded) {
      for (const [i, server] of backend.servers.entries()) {
        const state = live.get(backend.name)?.get(server.name)?.state
        const id = `s/${backend.id}/${server.name}`
        const serverHealth = state ? HEALTH[state] : 'idle'
        put(id, top + i * ROW, {
          kind: 'server',
          backendId: backend.id,
          name: server.name,
          address: server.address,
          state,
          health: serverHealth,
        })
        lines.push({ id: `${id}<`, source: `b/${backend.id}`, target: id, health: serverHealth, active: true })
      }
    }
    nextBackend = top + height
    centres.set(backend.id, centre)
    return centre
  }

  let nextRule = 0
  let nextFrontend = 0
  for (const { frontend, links } of rows) {
    const id = `f/${frontend.id}`
    const first = Math.max(nextRule, nextFrontend)
    nextRule = first
    let last = first
    for (const link of links) {
      const backend = byId.get(link.backendId)
      if (!backend) continue
      const known = centres.get(backend.id)
      const y = known === undefined ? Math.max(nextRule, placeBackend(backend, nextRule)) : nextRule
      const rule = `r/${frontend.id}/${link.key}`
      put(rule, y, { kind: 'rule', frontendId: frontend.id, words: () => words(link), link })
      const health = healthOf(states.get(backend.id) ?? [])
      lines.push({ id: `${rule}<`, source: id, target: rule, health: 'idle', active: link.active })
      lines.push({ id: `${rule}>`, source: rule, target: `b/${backend.id}`, health, active: link.active })
      nextRule = y + ROW
      last = y
    }
    // In sight together with its first rules, however many there are.
    const y = Math.max(nextFrontend, Math.min((first + last) / 2, first + 4 * ROW))
    put(id, y, { kind: 'frontend', frontend })
    nextFrontend = y + ROW
    // A gap between one frontend's rules and the next one's.
    nextRule = Math.max(nextRule, y + ROW) + ROW / 2
  }
  for (const backend of shown) if (!centres.has(backend.id)) placeBackend(backend, nextBackend)
  const height = nodes.reduce((most, node) => Math.max(most, node.y), 0) + ROW
  return { nodes, lines, height, shown: shown.length, total }
}

/** With more lines than this to one node, only those are drawn whose other end is in sight. */
const MANY_LINES = 40

/** The part of a graph between two heights, with the lines that lead there and the nodes at their other ends. */
export function between(graph: Graph, top: number, bottom: number): Graph {
  const isIn = new Set<string>()
  const ends = endsOf(graph)
  for (const node of graph.nodes) if (node.y >= top && node.y <= bottom) isIn.add(node.id)
  const leads = (id: string, other: string) => isIn.has(id) && (isIn.has(other) || (ends.get(id) ?? 0) <= MANY_LINES)
  const lines = graph.lines.filter(({ source, target }) => leads(source, target) || leads(target, source))
  const wanted = new Set(isIn)
  for (const { source, target } of lines) {
    wanted.add(source)
    wanted.add(target)
  }
  return { ...graph, nodes: graph.nodes.filter((node) => wanted.has(node.id)), lines }
}

/** How many lines end at each node; counted once for each graph. */
const endsOf = remembered((graph: Graph): ReadonlyMap<string, number> => {
  const ends = new Map<string, number>()
  for (const { source, target } of graph.lines) {
    ends.set(source, (ends.get(source) ?? 0) + 1)
    ends.set(target, (ends.get(target) ?? 0) + 1)
  }
  return ends
})

/** Everything on the ways through a node, itself included. */
export function related(lines: readonly Line[], id: string): ReadonlySet<string> {
  const next = new Map<string, string[]>()
  const before = new Map<string, string[]>()
  const note = (ways: Map<string, string[]>, from: string, to: string) => {
    const known = ways.get(from)
    if (known) known.push(to)
    else ways.set(from, [to])
  }
  for (const { source, target } of lines) {
    note(next, source, target)
    note(before, target, source)
  }
  const found = new Set([id])
  for (const ways of [next, before]) {
    const open = [id]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const other of ways.get(at) ?? []) {
        if (!found.has(other)) {
          found.add(other)
          open.push(other)
        }
      }
    }
  }
  return found
}
