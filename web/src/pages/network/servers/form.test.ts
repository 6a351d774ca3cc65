import { describe, expect, it } from 'vitest'
import { bodyOf, EMPTY, type Fields, faultsOf } from './form'

const fields = (part: Partial<Fields>): Fields => ({
  ...EMPTY,
  name: 'gpu-1',
  host: '10.0.0.5',
  user: 'plenum',
  ...part,
})
const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----'

describe('bodyOf', () => {
  it('gives no secret where Plenum’s own key is used, also none that was typed before', () => {
    expect(bodyOf(fields({ password: 'x', privateKey: KEY }))).toEqual({
      name: 'gpu-1',
      host: '10.0.0.5',
      port: 22,
      user: 'plenum',
    })
  })

  it('gives the one secret that was chosen', () => {
    const both = { password: ' pass ', privateKey: KEY }
    expect(bodyOf(fields({ ...both, way: 'password' }))).toMatchObject({ password: ' pass ' })
    expect(bodyOf(fields({ ...both, way: 'password' }))).not.toHaveProperty('private_key')
    expect(bodyOf(fields({ ...both, way: 'key' }))).toMatchObject({ private_key: `${KEY}\n` })
    expect(bodyOf(fields({ ...both, way: 'key' }))).not.toHaveProperty('password')
  })

  it('has port and socket where they are others', () => {
    expect(bodyOf(fields({ port: '2222', dockerSocket: ' /run/docker.sock ' }))).toMatchObject({
      port: 2222,
      docker_socket: '/run/docker.sock',
    })
  })
})

describe('faultsOf', () => {
  it('finds nothing wrong with what can be', () => {
    for (const host of ['10.0.0.5', 'gpu.internal', 'fd00::5']) expect(faultsOf(fields({ host })), host).toEqual({})
    expect(faultsOf(fields({ way: 'key', privateKey: KEY }))).toEqual({})
  })

  it('tells which field is wrong', () => {
    expect(faultsOf(fields({ name: 'a b' }))).toEqual({ name: 'fault.name' })
    expect(faultsOf(fields({ host: 'root@x' }))).toEqual({ host: 'fault.host' })
    for (const port of [0, 65_536, '', 'ssh', 1.5])
      expect(faultsOf(fields({ port })), String(port)).toHaveProperty('port')
    expect(faultsOf(fields({ user: '' }))).toEqual({ user: 'fault.user' })
    expect(faultsOf(fields({ way: 'key', privateKey: 'ssh-ed25519 AAAA' }))).toEqual({ privateKey: 'fault.key' })
    expect(faultsOf(fields({ way: 'password' }))).toEqual({ password: 'fault.password' })
    expect(faultsOf(fields({ dockerSocket: 'docker.sock' }))).toEqual({ dockerSocket: 'fault.socket' })
  })
})
