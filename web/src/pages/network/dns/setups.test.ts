import { describe, expect, it } from 'vitest'
import type { Setting } from '~/api/schema'
import { dnsOf, setupsOf } from './setups'

const settings = (values: Record<string, unknown>): Setting[] =>
  Object.entries(values).map(([key, value]) => ({ key, value }) as Setting)

const SETTINGS = {
  'mesh.domain': 'qp.local',
  'mesh.gateway': '10.0.0.2',
  'mesh.dns.listen': '127.0.0.1:5353',
  'mesh.dns.engine': 'embedded',
  'mesh.dns.upstreams': ['192.0.2.53:53'],
}

describe('dnsOf', () => {
  it('reads what the configuration says', () => {
    expect(dnsOf(settings(SETTINGS))).toEqual({
      domain: 'qp.local',
      gateway: '10.0.0.2',
      listen: { address: '127.0.0.1', port: 5353 },
      engine: 'embedded',
      upstreams: ['192.0.2.53:53'],
    })
  })

  it('promises nothing where it says nothing, or where the server is off', () => {
    expect(dnsOf([])).toBeUndefined()
    const off = dnsOf(settings({ ...SETTINGS, 'mesh.dns.listen': 'off' }))
    expect(off?.listen).toBeNull()
    expect(off && setupsOf(off)).toEqual([])
  })
})

describe('setupsOf', () => {
  const textOf = (listen: string, system: string) => {
    const dns = dnsOf(settings({ ...SETTINGS, 'mesh.dns.listen': listen }))
    return dns && setupsOf(dns).find((setup) => setup.system === system)?.text
  }

  it('names the address and the port in the words of each resolver', () => {
    expect(textOf('127.0.0.1:5353', 'systemd-resolved')).toBe('[Resolve]\nDNS=127.0.0.1:5353\nDomains=~qp.local')
    expect(textOf('[::1]:53', 'systemd-resolved')).toBe('[Resolve]\nDNS=[::1]\nDomains=~qp.local')
    expect(textOf('127.0.0.1:5353', 'dnsmasq')).toBe('server=/qp.local/127.0.0.1#5353')
    expect(textOf('127.0.0.1:5353', 'macOS')).toBe('nameserver 127.0.0.1\nport 5353')
    expect(textOf('[fd00::1]:5353', 'unbound')).toContain('forward-addr: fd00::1@5353')
  })

  it('asks a server that listens everywhere where names lead to', () => {
    expect(textOf('0.0.0.0:53', 'dig')).toBe('dig @10.0.0.2 -p 53 core.qp.local')
  })
})
