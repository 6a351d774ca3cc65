import { describe, expect, it } from 'vitest'
import type { MeshService } from '~/api/schema'
import { addressOf, curlLine } from './reach'

describe('curlLine', () => {
  it('trusts the root over TLS, and gives the address along', () => {
    expect(curlLine({ url: 'https://core.qp.local:8443' }, '127.0.0.1')).toBe(
      'curl --cacert plenum-root.crt --resolve core.qp.local:8443:127.0.0.1 https://core.qp.local:8443/',
    )
    expect(curlLine({ url: 'https://core.qp.local' }, 'fd00::1 fd00::2')).toBe(
      'curl --cacert plenum-root.crt --resolve core.qp.local:443:[fd00::1] https://core.qp.local/',
    )
  })

  it('is plain without TLS, and leaves the name to the resolver where no address is known', () => {
    expect(curlLine({ url: 'http://core.qp.local:8880' }, undefined)).toBe('curl http://core.qp.local:8880/')
  })
})

describe('addressOf', () => {
  const service = { url: 'https://core.qp.local', fqdn: 'core.qp.local', port: 8080, upstream_protocol: 'http' }
  it('is the route, or the upstream of a name that answers that', () => {
    expect(addressOf({ ...service, direct: false } as MeshService)).toBe('https://core.qp.local')
    expect(addressOf({ ...service, direct: true } as MeshService)).toBe('http://core.qp.local:8080')
    expect(addressOf({ ...service, direct: true, port: 443, upstream_protocol: 'https' } as MeshService)).toBe(
      'https://core.qp.local',
    )
  })
})
