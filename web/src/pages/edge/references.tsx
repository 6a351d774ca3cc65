import { Text } from '@mantine/core'
import { Fragment } from 'react'
import type { Reference } from '~/draft/uses'
import { EntityLink } from './links'

/** Links to the entities that refer to one, each once, to the first of its fields that does. */
export function References({ uses, most }: { uses: readonly Reference[]; most: number }) {
  const entities = new Map<string, { first: Reference; count: number }>()
  for (const use of uses) {
    const key = `${use.section}/${use.id}`
    const known = entities.get(key)
    if (known) known.count += 1
    else entities.set(key, { first: use, count: 1 })
  }
  return (
    <>
      {[...entities].slice(0, most).map(([key, { first, count }], i) => (
        <Fragment key={key}>
          {i > 0 && ', '}
          <EntityLink section={first.section} id={first.id} field={first.field}>
            {first.name}
          </EntityLink>
          {count > 1 && (
            <Text span size="xs" c="dimmed">
              {` ×${count}`}
            </Text>
          )}
        </Fragment>
      ))}
      {entities.size > most && (
        <Text span size="sm" c="dimmed">
          {` +${entities.size - most}`}
        </Text>
      )}
    </>
  )
}
