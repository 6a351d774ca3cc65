// What the fields of the document are called, and what they mean. English comes from the schema itself, so that a new field has
// its words at once; Spanish has a catalogue of its own, which a test holds against the schema.

import { useLanguage } from '~/i18n'
import { humanize, type Node } from './schema'
import { labels } from './words.en'

export interface Words {
  label: string
  help: string
}

type Spanish = Readonly<Record<string, readonly [label: string, help: string]>>

let spanish: Spanish = {}

/** What a field is called in English. */
export function englishLabel(def: string | undefined, field: string): string {
  return labels[`${def}.${field}`] ?? labels[field] ?? humanize(field)
}

/** Loads the Spanish words; forms wait for it when the page is in Spanish. */
export async function loadSpanish(): Promise<Spanish> {
  spanish = (await import('./words.es')).words
  return spanish
}

/** The words of a field: of this definition's field, or of every field with the name. */
export function useWords(): (def: string | undefined, field: string, node: Node) => Words {
  const language = useLanguage()
  return (def, field, node) => {
    const found = language === 'es' ? (spanish[`${def}.${field}`] ?? spanish[field]) : undefined
    if (found) return { label: found[0], help: found[1] }
    return { label: englishLabel(def, field), help: (node.description ?? '').replaceAll('`', '') }
  }
}
