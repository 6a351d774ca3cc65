// What the document holds, and the services of the network, as entries of the command palette.

import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { mesh } from '~/api/mesh'
import type { Document } from '~/api/schema'
import { listOf } from '~/draft/changes'
import { useDocumentSoon } from '~/draft/hooks'
import { listRoutes } from '~/draft/routes'
import { LIST_SECTIONS, type ListSection } from '~/draft/sections'
import { addressOf } from '~/pages/edge/addresses'
import { useSteps } from '~/ui/soon'
import { useMay } from '../session'
import type { Entry, Group } from './find'

const GROUP_OF: Partial<Record<string, Group>> = { frontends: 'frontends', backends: 'backends', acls: 'acls' }

/** Everything there is to be found. The parts of the document join one after the other: with thousands of backends each takes a
 * good part of a frame. */
export function useObjects(): Entry[] {
  const document = useDocumentSoon()
  const services = useServices()
  const step = useSteps(PARTS.length)
  return useMemo(
    () => (document ? [...services, ...partsOf(document, step).flat()] : [...services]),
    [document, services, step],
  )
}

const PARTS: readonly ((document: Document) => Entry[])[] = [
  (document) => entitiesOf(document, 'backends'),
  (document) => LIST_SECTIONS.flatMap((section) => (section === 'backends' ? [] : entitiesOf(document, section))),
  serversOf,
  // Finding them takes as long as all the rest: what is found is remembered for the next part.
  (document) => {
    listRoutes(document)
    return []
  },
  routesOf,
]

const known = new WeakMap<Document, Entry[][]>()

/** The first parts of a document; remembered for as long as the document is there. */
function partsOf(document: Document, count: number): Entry[][] {
  const parts = known.get(document) ?? []
  known.set(document, parts)
  for (const make of PARTS.slice(parts.length, count)) parts.push(make(document))
  return parts
}

function entitiesOf(document: Document, section: ListSection): Entry[] {
  const group = GROUP_OF[section] ?? 'others'
  return listOf(document, section).flatMap((entity): Entry[] => {
    const { id, name } = entity as { id: string; name?: string }
    const to = addressOf(section, id)
    if (!to) return []
    const label = name ?? id
    return [{ key: `${section}/${id}`, group, label, ...(label !== id && { hint: id }), go: { to } }]
  })
}

function serversOf(document: Document): Entry[] {
  return document.haproxy.backends.flatMap((backend) => {
    const go = { to: addressOf('backends', backend.id) ?? '' }
    return backend.servers.map(({ name, address }): Entry => {
      const key = `${backend.id}/${name}`
      return { key, group: 'servers', label: name, hint: `${address} · ${backend.name}`, go }
    })
  })
}

function routesOf(document: Document): Entry[] {
  return listRoutes(document).flatMap(({ key, hosts, pathPrefix, backendId }) =>
    hosts.map(
      (host): Entry => ({
        key: `${key}/${host}`,
        group: 'routes',
        label: `${host}${pathPrefix}`,
        hint: backendId,
        go: { to: '/edge/routes', search: { q: host } },
      }),
    ),
  )
}

const NONE: readonly Entry[] = []

function useServices(): readonly Entry[] {
  const may = useMay('mesh:read')
  const { data } = useQuery({ ...mesh.services(), enabled: may, refetchInterval: false })
  return useMemo(
    () =>
      data
        ?.filter((service) => service.status === 'active')
        .map(({ name, fqdn, host, port, tags }) => ({
          key: `service/${name}`,
          group: 'services' as const,
          label: name,
          hint: [fqdn, `${host}:${port}`, ...tags].join(' · '),
          go: { to: `/network/services/${encodeURIComponent(name)}` },
        })) ?? NONE,
    [data],
  )
}
