import { describe, expect, it } from 'vitest'
import type { MeshService } from '~/api/schema'
import { bodyOf, EMPTY, type Fields, faultsOf, fieldsOf } from './form'

const fields = (part: Partial<Fields>): Fields => ({ ...EMPTY, name: 'core', host: '10.0.1.5:8080', ...part })

describe('bodyOf', () => {
  it('says what is meant and nothing else', () => {
    expect(bodyOf(fields({}))).toEqual({
      name: 'core',
      host: '10.0.1.5:8080',
      upstream_protocol: 'http',
      health_path: '/',
      no_tls: false,
    })
  })

  it('has what was chosen, without blanks around it', () => {
    const chosen = fields({
      name: ' core ',
      host: ' db.internal ',
      protocol: 'h2c',
      healthPath: '/healthz ',
      tls: false,
      direct: true,
      tags: [' prod ', ''],
    })
    expect(bodyOf(chosen)).toEqual({
      name: 'core',
      host: 'db.internal',
      upstream_protocol: 'h2c',
      health_path: '/healthz',
      no_tls: true,
      direct: true,
      tags: ['prod'],
    })
  })

  it('replaces only when told to', () => {
    expect(bodyOf(fields({}))).not.toHaveProperty('overwrite')
    expect(bodyOf(fields({}), true).overwrite).toBe(true)
  })
})

describe('faultsOf', () => {
  it('finds nothing wrong with what the daemon takes', () => {
    for (const host of ['10.0.1.5', '10.0.1.5:80', 'db.internal:1', '::1', '[fd00::1]:9'])
      expect(faultsOf(fields({ host })), host).toEqual({})
    for (const name of ['a', 'grafana-2', 'my_app', '0x', 'A'.repeat(63)])
      expect(faultsOf(fields({ name })), name).toEqual({})
  })

  it('tells which field is wrong', () => {
    for (const name of ['', '-a', 'a-', 'a.b', 'a b', 'ä', '../x', '"><img src=x>', 'a'.repeat(64)])
      expect(faultsOf(fields({ name })), name).toEqual({ name: 'fault.name' })
    for (const host of ['', 'a b', 'http://x', 'x/y', 'x?y']) expect(faultsOf(fields({ host }))).toHaveProperty('host')
    for (const healthPath of ['', 'health', '/a b', '/{env.HOME}', '/a?b'])
      expect(faultsOf(fields({ healthPath })), healthPath).toEqual({ healthPath: 'fault.path' })
    expect(faultsOf(fields({ tags: ['x'.repeat(65)] }))).toEqual({ tags: 'fault.tags' })
  })
})

describe('fieldsOf', () => {
  it('would register the same again', () => {
    const service = {
      name: 'core',
      host: 'fd00::1',
      port: 9,
      upstream_protocol: 'https',
      health_path: '/up',
      tls_enabled: false,
      direct: true,
      tags: ['prod'],
    } as MeshService
    expect(bodyOf(fieldsOf(service))).toEqual({
      name: 'core',
      host: '[fd00::1]:9',
      upstream_protocol: 'https',
      health_path: '/up',
      no_tls: true,
      direct: true,
      tags: ['prod'],
    })
  })
})
