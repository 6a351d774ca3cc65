import type { Document } from '~/api/schema'
import type { BackendLink } from '~/draft/backend-links'
import { namesOf } from '~/draft/routes'
import type { Translate } from '~/i18n'
import { conditionText } from '../frontends/summary'

/** When a request takes a link: its hostnames where it is a route, and its condition. */
export type Words = (link: BackendLink) => [name: string, more: string]

export function wordsOf(document: Document, t: Translate<'default' | 'always'>): Words {
  // Found when they are asked for: of thousands of links some forty are in sight.
  const known = new Map<BackendLink, ReturnType<Words>>()
  const find: Words = (link) => {
    if (link.kind === 'default') return [t('default'), '']
    if (link.sni !== undefined) return [link.sni, '']
    const condition = conditionText(link.condition)
    const names = namesOf(document, link.condition)
    return names ? [names.join(', '), condition] : [condition || t('always'), '']
  }
  return (link) => {
    const words = known.get(link) ?? find(link)
    known.set(link, words)
    return words
  }
}
