// A map as text, one entry per line, as HAProxy reads it. Pure.

import type { MapEntry } from '~/api/schema'

export function toText(entries: readonly MapEntry[]): string {
  return entries.map((entry) => `${entry.key} ${entry.value}`).join('\n')
}

/** The entries of a text; the number of the first line that is none, from 1. */
export function fromText(text: string): { entries: MapEntry[]; badLine?: number } {
  const entries: MapEntry[] = []
  let badLine: number | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [, key, value] = /^(\S+)\s+(.+)$/.exec(trimmed) ?? []
    if (key !== undefined && value !== undefined) entries.push({ key, value })
    else badLine ??= i + 1
  }
  return badLine === undefined ? { entries } : { entries, badLine }
}
