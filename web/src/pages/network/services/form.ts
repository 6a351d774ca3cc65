// The form that registers a service: what is in its fields, what is wrong with that, and the request it becomes.

import type { MeshRegister, MeshService } from '~/api/schema'

export const PROTOCOLS = ['http', 'https', 'h2c'] as const
export type Upstream = (typeof PROTOCOLS)[number]

export interface Fields {
  name: string
  /** A name or an address, with or without a port. */
  host: string
  protocol: Upstream
  healthPath: string
  tls: boolean
  direct: boolean
  tags: string[]
}

export const EMPTY: Fields = {
  name: '',
  host: '',
  protocol: 'http',
  healthPath: '/',
  tls: true,
  direct: false,
  tags: [],
}

/** The fields that would register a service as it is, or was. */
export function fieldsOf(service: MeshService): Fields {
  const host = service.host.includes(':') ? `[${service.host}]` : service.host
  return {
    name: service.name,
    host: `${host}:${service.port}`,
    protocol: PROTOCOLS.find((each) => each === service.upstream_protocol) ?? 'http',
    healthPath: service.health_path,
    tls: service.tls_enabled,
    direct: service.direct,
    tags: service.tags,
  }
}

export type Fault = 'fault.name' | 'fault.host' | 'fault.path' | 'fault.tags'

const NAME = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/i
const PATH = /^\/[a-z0-9/_.-]{0,255}$/i
const MOST_TAGS = 32
const LONGEST_TAG = 64

/** What is wrong, by field. The daemon looks again, and knows more. */
export function faultsOf(fields: Fields): Partial<Record<keyof Fields, Fault>> {
  const faults: Partial<Record<keyof Fields, Fault>> = {}
  if (!NAME.test(fields.name.trim())) faults.name = 'fault.name'
  const host = fields.host.trim()
  if (host === '' || /[\s/?#@]/.test(host)) faults.host = 'fault.host'
  if (!PATH.test(fields.healthPath.trim())) faults.healthPath = 'fault.path'
  if (fields.tags.length > MOST_TAGS || fields.tags.some((tag) => [...tag].length > LONGEST_TAG)) {
    faults.tags = 'fault.tags'
  }
  return faults
}

/** The request. `overwrite` is only ever sent after the daemon said that the name is taken, and the user wants it. */
export function bodyOf(fields: Fields, overwrite = false): MeshRegister {
  const tags = fields.tags.map((tag) => tag.trim()).filter((tag) => tag !== '')
  return {
    name: fields.name.trim(),
    host: fields.host.trim(),
    upstream_protocol: fields.protocol,
    health_path: fields.healthPath.trim(),
    no_tls: !fields.tls,
    ...(fields.direct && { direct: true }),
    ...(tags.length > 0 && { tags }),
    ...(overwrite && { overwrite: true }),
  }
}
