// How one JSON value becomes another, told so that what stays the same is not sent along, and stays the same object where it is
// told: a worker that reads five megabytes answers with the few hundred bytes that are new. Pure.

import { equal, isObject, type Json } from '~/draft/json'

export type Delta =
  | { kind: 'same' }
  | { kind: 'value'; value: Json }
  | { kind: 'object'; fields: [string, Delta][] }
  /** Each item, and the index of the one that it was. */
  | { kind: 'list'; items: [number, Delta][] }

export function deltaOf(before: Json, after: Json): Delta {
  if (equal(before, after)) return { kind: 'same' }
  if (Array.isArray(before) && Array.isArray(after)) {
    const places = new Map(before.map((item, i) => [idOf(item) ?? i, i]))
    return {
      kind: 'list',
      items: after.map((item, i) => {
        const was = places.get(idOf(item) ?? i) ?? -1
        return [was, deltaOf(before[was], item)]
      }),
    }
  }
  if (isObject(before) && isObject(after)) {
    return { kind: 'object', fields: Object.entries(after).map(([key, value]) => [key, deltaOf(before[key], value)]) }
  }
  return { kind: 'value', value: after }
}

export function withDelta(before: Json, delta: Delta): Json {
  switch (delta.kind) {
    case 'same':
      return before
    case 'value':
      return delta.value
    case 'object':
      return Object.fromEntries(
        delta.fields.map(([key, inner]) => [key, withDelta(isObject(before) ? before[key] : undefined, inner)]),
      )
    case 'list':
      return delta.items.map(([was, inner]) => withDelta(Array.isArray(before) ? before[was] : undefined, inner))
  }
}

function idOf(item: Json): string | undefined {
  return isObject(item) && typeof item.id === 'string' ? item.id : undefined
}
