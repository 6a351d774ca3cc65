// How a person reaches a service from a terminal.

import type { MeshService } from '~/api/schema'

/** The file that the root certificate is saved as, here and in the instructions of the daemon. */
export const ROOT_FILE = 'plenum-root.crt'

function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80')
}

/**
 * A line for curl that works wherever the address is reached, also before any resolver knows the name: the address that the name
 * has is given along.
 */
export function curlLine(service: Pick<MeshService, 'url'>, address: string | undefined): string {
  const url = new URL(service.url)
  const parts = ['curl']
  if (url.protocol === 'https:') parts.push('--cacert', ROOT_FILE)
  const first = address?.split(' ')[0]
  if (first) parts.push('--resolve', `${url.hostname}:${portOf(url)}:${first.includes(':') ? `[${first}]` : first}`)
  parts.push(url.href)
  return parts.join(' ')
}

/** Where clients reach a service: through its route, or, when its name answers the upstream itself, there. */
export function addressOf(service: MeshService): string {
  if (!service.direct) return service.url
  const scheme = service.upstream_protocol === 'https' ? 'https' : 'http'
  const known = scheme === 'https' ? 443 : 80
  return `${scheme}://${service.fqdn}${service.port === known ? '' : `:${service.port}`}`
}
