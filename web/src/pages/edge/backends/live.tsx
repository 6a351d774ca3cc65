// What HAProxy says of a server right now.

import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { queries } from '~/api/queries'
import type { LiveServer } from '~/api/schema'
import { useMessages } from '~/i18n'
import { HEALTH, stateMessages } from '~/ui/health'
import { State } from '~/ui/small'

function keyed(servers: readonly LiveServer[]): ReadonlyMap<string, LiveServer> {
  return new Map(servers.map((server) => [`${server.backend}/${server.server}`, server]))
}

/** Every live server by `backend/server`; empty while HAProxy does not answer. */
export function useLiveServers(): ReadonlyMap<string, LiveServer> {
  return useQuery({ ...queries.servers(), select: keyed }).data ?? NOBODY
}

const NOBODY: ReadonlyMap<string, LiveServer> = new Map()

/** The live state of a server; a dash where HAProxy does not know it, such as before it was applied. */
export function ServerState({ backend, server }: { backend: string; server: string }) {
  const t = useMessages(stateMessages)
  const live = useLiveServers().get(`${backend}/${server}`)
  if (!live) {
    return (
      <Text size="sm" c="dimmed" span>
        {'–'}
      </Text>
    )
  }
  return (
    <Text size="sm" span {...(live.check && { title: live.check })}>
      <State is={HEALTH[live.state]}>{t(live.state)}</State>
    </Text>
  )
}
