// What the document holds, and the services of the network, as entries of the command palette.

import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { mesh } from '~/api/mesh'
import { listOf } from '~/draft/changes'
import { useDocumentSoon } from '~/draft/hooks'
import { listRoutes } from '~/draft/routes'
import { LIST_SECTIONS } from '~/draft/sections'
import { addressOf } from '~/pages/edge/addresses'
import { useMay } from '../session'
import type { Entry, Group } from './find'

const GROUP_OF: Partial<Record<string, Group>> = { frontends: 'frontends', backends: 'backends', acls: 'acls' }

export function useObjects(): Entry[] {
  const document = useDocumentSoon()
  const services = useServices()
  return useMemo(() => {
    const entries: Entry[] = [...services]
    if (!document) return entries
    for (const section of LIST_SECTIONS) {
      for (const entity of listOf(document, section)) {
        const { id, name } = entity as { id: string; name?: string }
        const to = addressOf(section, id)
        if (!to) continue
        const label = name ?? id
        entries.push({
          key: `${section}/${id}`,
          group: GROUP_OF[section] ?? 'others',
          label,
          ...(label !== id && { hint: id }),
          go: { to },
        })
      }
    }
    for (const backend of document.haproxy.backends) {
      const to = addressOf('backends', backend.id) ?? ''
      for (const { name, address } of backend.servers) {
        const key = `${backend.id}/${name}`
        entries.push({ key, group: 'servers', label: name, hint: `${address} · ${backend.name}`, go: { to } })
      }
    }
    for (const route of listRoutes(document)) {
      for (const host of route.hosts) {
        const label = `${host}${route.pathPrefix}`
        entries.push({
          key: `${route.key}/${host}`,
          group: 'routes',
          label,
          hint: route.backendId,
          go: { to: '/edge/routes', search: { q: host } },
        })
      }
    }
    return entries
  }, [document, services])
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
