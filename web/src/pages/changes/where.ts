// From a path in the document to the page and the field where a person edits it.

import type { Document } from '~/api/schema'
import { listOf } from '~/draft/changes'
import { pointerOf } from '~/draft/issues'
import { isList, locate, type Section, SINGLES } from '~/draft/sections'
import { addressOf } from '~/pages/edge/addresses'

export interface Place {
  to: string
  search: Record<string, string>
}

/** Where a path (of an issue, a hint or a change) is edited. */
export function placeOf(path: readonly (string | number)[], document: Document | null): Place {
  const { section, index, rest } = locate(path)
  if (isList(section)) {
    const entity = document && index !== undefined ? listOf(document, section)[index] : undefined
    return entity ? entityPlace(section, entity.id, rest) : json(path)
  }
  return singlePlace(section, rest) ?? json(path)
}

/** Where an entity, or one of its fields, is edited. */
export function entityPlace(section: Section, key: string, rest: readonly (string | number)[] = []): Place {
  if (isList(section)) {
    const to = addressOf(section, key)
    if (to) return { to, search: rest.length > 0 ? { field: pointerOf(rest) } : {} }
    return json([section, key, ...rest])
  }
  return singlePlace(section, [key, ...rest]) ?? json([...SINGLES[section], key, ...rest])
}

function singlePlace(section: Section, rest: readonly (string | number)[]): Place | undefined {
  const search: Record<string, string> = rest.length > 0 ? { field: pointerOf(rest) } : {}
  if (section === 'globalSettings') return { to: '/edge/global', search }
  if (section === 'keepalived') return { to: '/edge/keepalived', search }
  return undefined
}

function json(path: readonly (string | number)[]): Place {
  return { to: '/edge/json', search: { at: pointerOf(path) } }
}
