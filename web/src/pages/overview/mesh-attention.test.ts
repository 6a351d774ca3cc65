import { describe, expect, it } from 'vitest'
import type { MeshStatus } from '~/api/schema'
import { concernsOf } from './mesh-attention'

const CALM: MeshStatus = {
  dns: true,
  caddy: true,
  services: { up: 3, degraded: 1, down: 0, total: 4 },
  certs: { valid: 4, expiring: 0, expired: 0 },
  servers: { online: 1, total: 1 },
}
const codes = (part: Partial<MeshStatus>) => concernsOf({ ...CALM, ...part }).map(({ code }) => code)

describe('concernsOf', () => {
  it('has none where all is well, or nothing is known', () => {
    expect(concernsOf(undefined)).toEqual([])
    expect(codes({})).toEqual([])
  })

  it('does not miss engines that nobody needs yet', () => {
    const services = { up: 0, degraded: 0, down: 0, total: 0 }
    expect(codes({ services, dns: false, caddy: false })).toEqual([])
    expect(codes({ dns: false, caddy: false })).toEqual(['mesh.caddy', 'mesh.dns'])
  })

  it('has the worst first', () => {
    expect(
      codes({
        services: { up: 0, degraded: 0, down: 4, total: 4 },
        certs: { valid: 0, expiring: 2, expired: 1 },
        servers: { online: 1, total: 3 },
      }),
    ).toEqual(['mesh.down', 'mesh.expired', 'mesh.servers', 'mesh.expiring'])
  })
})
