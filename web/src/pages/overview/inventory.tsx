// How much there is, and how the servers do.

import { Anchor, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { queries } from '~/api/queries'
import type { LiveServer } from '~/api/schema'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { State } from '~/ui/small'
import { messages } from './messages'

const TONES = { up: 'good', down: 'act', drain: 'look', maint: 'look', unchecked: 'idle' } as const

/** How many servers are in each state, those that need a look first. */
export function countStates(servers: readonly LiveServer[]): [LiveServer['state'], number][] {
  const counts = new Map<LiveServer['state'], number>()
  for (const { state } of servers) counts.set(state, (counts.get(state) ?? 0) + 1)
  const order: LiveServer['state'][] = ['down', 'maint', 'drain', 'up', 'unchecked']
  return order.flatMap((state) =>
    counts.has(state) ? [[state, counts.get(state) ?? 0] as [LiveServer['state'], number]] : [],
  )
}

export function Inventory({ running }: { running: boolean }) {
  const t = useMessages(messages)
  const { data } = useQuery(queries.state())
  const live = useQuery({ ...queries.servers(), enabled: running })
  const states = useMemo(() => countStates(live.data ?? []), [live.data])
  if (!data) return null
  const { frontends, backends } = data.document.haproxy
  const servers = backends.reduce((sum, backend) => sum + backend.servers.length, 0)
  const links: [string, string][] = [
    ['/edge/frontends', t('frontends', { count: frontends.length })],
    ['/edge/backends', t('backends', { count: backends.length })],
    ['/edge/backends', t('servers', { count: servers })],
    ['/edge/acls', t('acls', { count: data.document.acls.length })],
  ]
  return (
    <Card title={t('inventory')}>
      <Group gap="xl">
        {links.map(([to, label]) => (
          <Anchor key={label} fw={600} renderRoot={(props) => <Link to={to} {...props} />}>
            {label}
          </Anchor>
        ))}
        {running && states.length > 0 && (
          <Group gap="md" ml={{ base: 0, md: 'auto' }} component="div" aria-label={t('serverStates')} role="group">
            {states.map(([state, count]) => (
              <Text size="sm" span key={state}>
                <State is={TONES[state]}>{`${count} ${t(`state.${state}`)}`}</State>
              </Text>
            ))}
          </Group>
        )}
      </Group>
    </Card>
  )
}
