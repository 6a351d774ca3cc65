// What the document holds, as entries of the command palette.

import { useMemo } from 'react'
import { listOf } from '~/draft/changes'
import { useDocumentSoon } from '~/draft/hooks'
import { listRoutes } from '~/draft/routes'
import { LIST_SECTIONS } from '~/draft/sections'
import { addressOf } from '~/pages/edge/addresses'
import type { Entry, Group } from './find'

const GROUP_OF: Partial<Record<string, Group>> = { frontends: 'frontends', backends: 'backends', acls: 'acls' }

export function useObjects(): Entry[] {
  const document = useDocumentSoon()
  return useMemo(() => {
    if (!document) return []
    const entries: Entry[] = []
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
  }, [document])
}
