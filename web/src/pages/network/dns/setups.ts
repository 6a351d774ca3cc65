// What to write into a resolver so that it asks our DNS server for the names of services, by what the configuration says of it.

import type { Setting } from '~/api/schema'

export interface Dns {
  domain: string
  /** Address and port of the server; `null` when it is off. */
  listen: { address: string; port: number } | null
  upstreams: string[]
  engine: string
  gateway: string
}

/** What the configuration says of the DNS server; `undefined` where it does not say all of it. */
export function dnsOf(settings: readonly Setting[]): Dns | undefined {
  const value = (key: string): unknown => settings.find((setting) => setting.key === key)?.value
  const [domain, listen, engine, gateway] = ['mesh.domain', 'mesh.dns.listen', 'mesh.dns.engine', 'mesh.gateway'].map(
    value,
  )
  if (typeof domain !== 'string' || typeof listen !== 'string') return undefined
  const upstreams = value('mesh.dns.upstreams')
  return {
    domain,
    listen: splitAddress(listen),
    engine: typeof engine === 'string' ? engine : '',
    gateway: typeof gateway === 'string' ? gateway : '',
    upstreams: Array.isArray(upstreams) ? upstreams.map(String) : [],
  }
}

function splitAddress(text: string): Dns['listen'] {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  if (at < 0 || !Number.isInteger(port)) return null
  return { address: text.slice(0, at).replace(/^\[|\]$/g, ''), port }
}

/** Where others ask a server that listens everywhere: at the address that names lead to. */
function asked(
  { address, port }: { address: string; port: number },
  gateway: string,
): { address: string; port: number } {
  return address === '0.0.0.0' || address === '::' ? { address: gateway || '127.0.0.1', port } : { address, port }
}

export interface Setup {
  system: 'systemd-resolved' | 'dnsmasq' | 'unbound' | 'macOS' | 'dig'
  /** The file that the text belongs in; none for a command. */
  file?: string
  text: string
}

/** How each resolver is told. */
export function setupsOf(dns: Dns): Setup[] {
  if (!dns.listen) return []
  const { domain } = dns
  const { address, port } = asked(dns.listen, dns.gateway)
  const bracketed = address.includes(':') ? `[${address}]` : address
  return [
    {
      system: 'systemd-resolved',
      file: '/etc/systemd/resolved.conf.d/plenum.conf',
      text: `[Resolve]\nDNS=${bracketed}${port === 53 ? '' : `:${port}`}\nDomains=~${domain}`,
    },
    { system: 'dnsmasq', file: '/etc/dnsmasq.d/plenum.conf', text: `server=/${domain}/${address}#${port}` },
    {
      system: 'unbound',
      file: '/etc/unbound/unbound.conf.d/plenum.conf',
      text: [
        'server:',
        `  domain-insecure: "${domain}"`,
        '  do-not-query-localhost: no',
        'forward-zone:',
        `  name: "${domain}"`,
        `  forward-addr: ${address}@${port}`,
      ].join('\n'),
    },
    { system: 'macOS', file: `/etc/resolver/${domain}`, text: `nameserver ${address}\nport ${port}` },
    { system: 'dig', text: `dig @${address} -p ${port} core.${domain}` },
  ]
}
