import type { Document } from '~/api/schema'
import type { BackendLink } from '~/draft/backend-links'
import { listRoutes } from '~/draft/routes'
import type { Translate } from '~/i18n'
import { conditionText } from '../frontends/summary'

/** When a request takes a link: its hostnames where it is a route, and its condition. */
export type Words = (frontendId: string, link: BackendLink) => [name: string, more: string]

export function wordsOf(document: Document, t: Translate<'default' | 'always'>): Words {
  const hosts = new Map(
    listRoutes(document).flatMap((route) =>
      route.editable ? [[route.key, route.hosts.map((host) => `${host}${route.pathPrefix}`).join(', ')]] : [],
    ),
  )
  const known = new WeakMap<BackendLink, ReturnType<Words>>()
  const find: Words = (frontendId, link) => {
    if (link.kind === 'default') return [t('default'), '']
    if (link.sni !== undefined) return [link.sni, '']
    const condition = conditionText(link.condition)
    const names = hosts.get(`${frontendId}/${link.key}`)
    return names ? [names, condition] : [condition || t('always'), '']
  }
  return (frontendId, link) => {
    const words = known.get(link) ?? find(frontendId, link)
    known.set(link, words)
    return words
  }
}
