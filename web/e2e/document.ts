// Documents for the tests: one like a small company's, and large ones.

import type { Daemon } from './daemon'

const NAMES = [
  'web',
  'api',
  'auth',
  'billing',
  'search',
  'images',
  'mail',
  'grafana',
  'wiki',
  'git',
  'ci',
  'shop',
  'blog',
  'status',
  'chat',
  'files',
]

export function backendOf(id: string, name: string, addresses: string[], check = false) {
  return {
    id,
    name,
    balance: 'roundrobin',
    servers: addresses.map((address, i) => ({ name: `${name.slice(0, 40)}-${i + 1}`, address, weight: 100, check })),
  }
}

/** A document with a bit of everything. Its frontends listen on the given ports. */
export function company(ports: [number, number], size = 40, name: (name: string) => string = (name) => name) {
  const backends = Array.from({ length: size }, (_, i) => {
    const base = NAMES[i % NAMES.length] ?? 'web'
    const id = i < NAMES.length ? base : `${base}-${i}`
    // One backend whose servers are down, for the colours.
    return i === 2
      ? backendOf(id, id, ['127.0.0.1:1', '127.0.0.1:2'], true)
      : backendOf(
          id,
          id,
          [1, 2].map((n) => `10.${i >> 8}.${i & 255}.${n}:8080`),
        )
  })
  const acls = NAMES.slice(0, 8).map((host) => ({
    id: `host-${host}`,
    name: `host_${host}`,
    field: 'req.hdr(host),host_only',
    operator: 'str',
    caseInsensitive: true,
    values: [`${host}.example.com`],
    description: name(`Requests for ${host}`),
  }))
  return {
    schemaVersion: 1,
    meta: { createdAt: '2026-01-01T00:00:00Z', lastEditedAt: '2026-01-01T00:00:00Z' },
    acls: [...acls, { id: 'internal', name: 'internal', field: 'src', values: ['10.0.0.0/8'] }],
    securityProfiles: [{ kind: 'rate-limit', id: 'limit', label: name('Limit per client'), config: {} }],
    authProviders: [
      {
        type: 'basic',
        id: 'staff',
        config: {
          realm: name('Staff'),
          users: [{ username: 'ann', passwordHashRef: '$5$abcdefgh$0123456789abcdef0123456789abcdef0123456789a' }],
        },
      },
    ],
    keepalived: {
      enabled: false,
      instances: [{ id: 'vip', name: 'vip', vip: '192.0.2.10', virtualRouterId: 51, authPass: 'secret12' }],
    },
    haproxy: {
      globalSettings: { maxconn: 1000, fdHardLimit: 10000 },
      defaultsBlocks: [{ id: 'defaults', name: 'defaults' }],
      maps: [{ id: 'tenants', name: 'tenants', entries: [{ key: 'a.example.com', value: 'web' }] }],
      frontends: [
        {
          id: 'public',
          name: 'public',
          description: name('Where everybody arrives'),
          fromDefaults: 'defaults',
          binds: [{ id: 'main', address: `127.0.0.1:${ports[0]}`, label: name('Main') }],
          httpOpts: { defaultBackendId: 'web', monitorUri: '/alive' },
          rulePhases: {
            httpRequest: [
              {
                id: 'deny',
                name: name('Admin from inside only'),
                action: { type: 'deny', statusCode: 403 },
                condition: [
                  { kind: 'aclRef', aclName: 'internal', negate: true },
                  { kind: 'inline', field: 'path', operator: 'beg', values: ['/admin'] },
                ],
              },
              ...NAMES.slice(0, 6).map((host) => ({
                id: `to-${host}`,
                action: { type: 'use-backend', backendId: host },
                condition: [{ kind: 'aclRef', aclName: `host_${host}` }],
              })),
            ],
          },
        },
        {
          id: 'internal',
          name: 'internal',
          fromDefaults: 'defaults',
          binds: [{ id: 'main', address: `127.0.0.1:${ports[1]}` }],
          httpOpts: { defaultBackendId: 'api' },
        },
      ],
      backends,
    },
  }
}

export async function put(daemon: Daemon, document: unknown): Promise<void> {
  const { status, body } = await daemon.api('PUT', '/api/state', document)
  if (status !== 200) throw new Error(`put: ${status} ${JSON.stringify(body).slice(0, 2000)}`)
}
