// A form of one part of an entity: what it says and is told is about the part, what it writes goes to the part's place.

import { useCallback, useMemo } from 'react'
import { pointerOf } from '~/draft/issues'
import type { Json, Path } from '~/draft/json'
import { type Layout, SchemaForm } from '~/schema/schema-form'

interface Props {
  /** The definition of the part. */
  def: string
  /** Where the part is, from the entity on. */
  at?: Path
  value: Json
  /** Changes the entity. */
  change: (path: Path, value: Json) => void
  layout: Layout
  /** By pointer from the entity on. */
  issues: ReadonlyMap<string, string>
  /** A pointer from the entity on. */
  focus: string | undefined
  readOnly: boolean
}

const WHOLE: Path = []

export function Part({ def, at = WHOLE, value, change, layout, issues, focus, readOnly }: Props) {
  const inside = useCallback((path: Path, next: Json) => change([...at, ...path], next), [change, at])
  const prefix = pointerOf(at)
  const mine = useMemo(() => within(issues, prefix), [issues, prefix])
  const wanted = stripped(focus, prefix)
  return (
    <SchemaForm
      key={`${def}${prefix}`}
      def={def}
      value={value}
      change={inside}
      readOnly={readOnly}
      layout={layout}
      issues={mine}
      focus={wanted}
    />
  )
}

/** What is said about a part, by pointer from the part on. */
export function within(issues: ReadonlyMap<string, string>, prefix: string): ReadonlyMap<string, string> {
  if (prefix === '') return issues
  const mine = new Map<string, string>()
  for (const [pointer, message] of issues) {
    const rest = stripped(pointer, prefix)
    if (rest !== undefined) mine.set(rest, message)
  }
  return mine
}

/** A pointer from the part on; `undefined` when it leads elsewhere. */
export function stripped(pointer: string | undefined, prefix: string): string | undefined {
  if (pointer === undefined || prefix === '') return pointer
  return pointer === prefix || pointer.startsWith(`${prefix}/`) ? pointer.slice(prefix.length) : undefined
}
