import { describe, expect, it } from 'vitest'
import type { Document, LiveServer } from '~/api/schema'
import { byBackend } from '~/ui/health'
import { between, graphOf, related, type Wanted } from './graph'
import { wordsOf } from './words'

const server = (name: string) => ({ name, address: `${name}.internal:80` })

function documentOf(size: number): Document {
  const backends = Array.from({ length: size }, (_, i) => ({
    id: `b${i}`,
    name: `backend-${i}`,
    servers: [server(`one-${i}`), server(`two-${i}`)],
  }))
  const rule = (i: number) => ({
    id: `r${i}`,
    enabled: i !== 1,
    action: { type: 'use-backend', backendId: `b${i}` },
    condition: [{ kind: 'aclRef', aclName: `host_${i}` }],
  })
  const frontend = {
    id: 'public',
    name: 'public',
    mode: 'http',
    enabled: true,
    binds: [{ address: ':80' }],
    httpOpts: { defaultBackendId: 'b0' },
    tcpOpts: { defaultBackendId: null, sniRouter: { enabled: false, sniMap: [] } },
    rulePhases: { httpRequest: Array.from({ length: size - 1 }, (_, i) => rule(i)) },
  }
  const acls = Array.from({ length: size }, (_, i) => ({
    id: `h${i}`,
    name: `host_${i}`,
    field: 'req.hdr(host),host_only',
    operator: 'str',
    values: [`site-${i}.example.com`],
  }))
  return { acls, haproxy: { frontends: [frontend], backends } } as unknown as Document
}

const ALL: Wanted = { text: '', frontend: undefined, troubled: false, toggled: new Set() }
const down = [{ backend: 'backend-2', server: 'one-2', state: 'down' }] as LiveServer[]

function graph(size: number, wanted: Partial<Wanted> = {}, live: LiveServer[] = []) {
  const document = documentOf(size)
  return graphOf(
    document,
    byBackend(live),
    { ...ALL, ...wanted },
    wordsOf(document, (key) => key),
  )
}

const ids = (of: { nodes: { id: string }[] }) => of.nodes.map((node) => node.id)

describe('graphOf', () => {
  it('shows every frontend, rule, backend and server, and what nothing leads to', () => {
    const all = graph(4)
    expect(ids(all)).toContain('b/b3')
    expect(all.nodes.filter((node) => node.data.kind === 'rule')).toHaveLength(4)
    expect(all.nodes.filter((node) => node.data.kind === 'server')).toHaveLength(8)
    expect(all.lines.some((line) => line.target === 'b/b3')).toBe(false)
    expect(all.lines.find((line) => line.id === 'r/public/r1>')?.active).toBe(false)
    const rule = all.nodes.find((node) => node.id === 'r/public/r0')
    expect(rule?.data.kind === 'rule' && rule.data.words()).toEqual(['site-0.example.com', 'host_0'])
  })

  it('never puts two nodes of a column over one another', () => {
    for (const shown of [graph(30), graph(30, { toggled: new Set(['b3']) }), graph(900)]) {
      const columns = new Map<number, number[]>()
      for (const { x, y } of shown.nodes) columns.set(x, [...(columns.get(x) ?? []), y])
      for (const ys of columns.values()) {
        ys.sort((a, b) => a - b)
        for (const [i, y] of ys.entries()) if (i > 0) expect(y - (ys[i - 1] ?? 0)).toBeGreaterThanOrEqual(52)
      }
    }
  })

  it('leaves servers out where there are many, until they are asked for', () => {
    expect(graph(900).nodes.some((node) => node.data.kind === 'server')).toBe(false)
    const asked = graph(900, { toggled: new Set(['b7']) })
    expect(ids(asked).filter((id) => id.startsWith('s/'))).toEqual(['s/b7/one-7', 's/b7/two-7'])
  })

  it('finds by hostname, by address and by trouble', () => {
    expect(ids(graph(30, { text: 'site-5.' }))).toEqual(['b/b5', 's/b5/one-5', 's/b5/two-5', 'r/public/r5', 'f/public'])
    expect(graph(30, { text: 'two-9.internal' }).shown).toBe(1)
    const troubled = graph(30, { troubled: true }, down)
    expect([troubled.shown, troubled.total]).toEqual([1, 30])
    expect(troubled.nodes.find((node) => node.id === 'b/b2')?.data).toMatchObject({ health: 'look', down: 1 })
    expect(graph(30, { frontend: 'none' }).nodes).toEqual([])
  })
})

describe('related', () => {
  it('is everything on the ways through a node', () => {
    const { lines } = graph(4)
    expect([...related(lines, 'b/b2')].sort()).toEqual(['b/b2', 'f/public', 'r/public/r2', 's/b2/one-2', 's/b2/two-2'])
  })
})

describe('between', () => {
  it('is what is in sight, with the ends of its lines, however many lines a node has', () => {
    const all = graph(900)
    const part = between(all, 10_000, 11_000)
    expect(part.nodes.length).toBeGreaterThan(30)
    expect(part.nodes.length).toBeLessThan(60)
    expect(part.nodes.filter(({ y }) => y < 10_000 || y > 11_000).map(({ id }) => id)).toEqual(['f/public'])
    for (const { source, target } of part.lines) {
      expect(ids(part)).toContain(source)
      expect(ids(part)).toContain(target)
    }
    expect(between(all, 0, all.height)).toEqual(all)
  })
})
