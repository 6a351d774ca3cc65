// What of the network needs a look, in the terms of the overview's list. Pure.

import type { MeshStatus } from '~/api/schema'

export interface Concern {
  code: 'mesh.down' | 'mesh.expired' | 'mesh.expiring' | 'mesh.caddy' | 'mesh.dns' | 'mesh.servers'
  severity: 'error' | 'warning'
  count: number
  /** Where it is looked into. */
  to: string
}

/** The worst first. Engines matter only once there is something to serve. */
export function concernsOf(status: MeshStatus | undefined): Concern[] {
  if (!status) return []
  const { services, certs, servers, caddy, dns } = status
  const isUsed = services.total > 0
  const offline = servers.total - servers.online
  const all: (Concern & { is: boolean })[] = [
    { code: 'mesh.caddy', severity: 'error', count: services.total, to: '/network/routes', is: isUsed && !caddy },
    { code: 'mesh.dns', severity: 'error', count: services.total, to: '/network/dns', is: isUsed && !dns },
    { code: 'mesh.down', severity: 'error', count: services.down, to: '/network/services', is: services.down > 0 },
    {
      code: 'mesh.expired',
      severity: 'error',
      count: certs.expired,
      to: '/network/certificates',
      is: certs.expired > 0,
    },
    { code: 'mesh.servers', severity: 'warning', count: offline, to: '/network/servers', is: offline > 0 },
    {
      code: 'mesh.expiring',
      severity: 'warning',
      count: certs.expiring,
      to: '/network/certificates',
      is: certs.expiring > 0,
    },
  ]
  return all.filter(({ is }) => is).map(({ is: _, ...concern }) => concern)
}
