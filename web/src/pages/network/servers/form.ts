// The form that adds a machine: what is wrong with its fields, and the request it becomes. Pure.

import type { MeshAddServer } from '~/api/schema'

export const WAYS = ['own', 'key', 'password'] as const
export type Way = (typeof WAYS)[number]

export interface Fields {
  name: string
  host: string
  port: number | string
  user: string
  /** How Plenum signs in there: with its own key, or with what is given. */
  way: Way
  privateKey: string
  password: string
  dockerSocket: string
}

export const EMPTY: Fields = {
  name: '',
  host: '',
  port: 22,
  user: '',
  way: 'own',
  privateKey: '',
  password: '',
  dockerSocket: '',
}

export type Fault =
  | 'fault.name'
  | 'fault.host'
  | 'fault.port'
  | 'fault.user'
  | 'fault.key'
  | 'fault.password'
  | 'fault.socket'

const NAME = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/i

export function faultsOf(fields: Fields): Partial<Record<keyof Fields, Fault>> {
  const faults: Partial<Record<keyof Fields, Fault>> = {}
  if (!NAME.test(fields.name.trim())) faults.name = 'fault.name'
  if (!/^[^\s/@]+$/.test(fields.host.trim())) faults.host = 'fault.host'
  const port = Number(fields.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) faults.port = 'fault.port'
  if (!/^[^\s:@/]+$/.test(fields.user.trim())) faults.user = 'fault.user'
  if (fields.way === 'key' && !fields.privateKey.includes('PRIVATE KEY')) faults.privateKey = 'fault.key'
  if (fields.way === 'password' && fields.password === '') faults.password = 'fault.password'
  const socket = fields.dockerSocket.trim()
  if (socket !== '' && !socket.startsWith('/')) faults.dockerSocket = 'fault.socket'
  return faults
}

/** The request. Only the secret of the chosen way is sent, whatever else was typed before. */
export function bodyOf(fields: Fields): MeshAddServer {
  const socket = fields.dockerSocket.trim()
  return {
    name: fields.name.trim(),
    host: fields.host.trim(),
    port: Number(fields.port),
    user: fields.user.trim(),
    ...(fields.way === 'key' && { private_key: `${fields.privateKey.trim()}\n` }),
    ...(fields.way === 'password' && { password: fields.password }),
    ...(socket !== '' && { docker_socket: socket }),
  }
}
