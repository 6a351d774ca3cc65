// What HAProxy says of a server right now.

import { Text } from '@mantine/core'
import { State } from '~/ui/small'

/** The live state of a server; nothing where HAProxy does not know it (yet). */
export function ServerState(_: { backend: string; server: string }) {
  return (
    <Text size="sm" c="dimmed" span>
      {'–'}
    </Text>
  )
}

export { State }
