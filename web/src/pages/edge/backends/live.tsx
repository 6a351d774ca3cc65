// What HAProxy says of a server right now.

import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { queries } from '~/api/queries'
import type { LiveServer } from '~/api/schema'
import { useMessages } from '~/i18n'
import { byBackend, countStates, HEALTH, type Live, stateMessages } from '~/ui/health'
import { State } from '~/ui/small'

/** Every live server; empty while HAProxy does not answer. */
export function useLive(): Live {
  return useQuery({ ...queries.servers(), select: byBackend }).data ?? NOBODY
}

const NOBODY: Live = new Map()

/** The live state of a server; a dash where HAProxy does not know it, such as before it was applied. */
export function ServerState({ backend, server }: { backend: string; server: string }) {
  const t = useMessages(stateMessages)
  const live = useLive().get(backend)?.get(server)
  if (!live) {
    return (
      <Text size="sm" c="dimmed" span>
        {'–'}
      </Text>
    )
  }
  return (
    <Text size="sm" span style={{ whiteSpace: 'nowrap' }} {...(live.check && { title: live.check })}>
      <State is={HEALTH[live.state]}>{t(live.state)}</State>
    </Text>
  )
}

/** How the servers of a backend do: how many are down, or that all are well. A dash where HAProxy does not know it. */
export function BackendState({ states }: { states: readonly LiveServer[] }) {
  const t = useMessages(stateMessages)
  const [first] = countStates(states)
  if (!first) {
    return (
      <Text size="sm" c="dimmed" span>
        {'–'}
      </Text>
    )
  }
  const [state, count] = first
  return <State is={HEALTH[state]}>{count === states.length ? t(state) : `${count} ${t(state)}`}</State>
}
