// How much there is, and how the servers do.

import { Anchor, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { queries } from '~/api/queries'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { countStates, HEALTH, stateMessages } from '~/ui/health'
import { State } from '~/ui/small'
import { messages } from './messages'

export function Inventory({ running }: { running: boolean }) {
  const t = useMessages(messages)
  const s = useMessages(stateMessages)
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
                <State is={HEALTH[state]}>{`${count} ${s(state)}`}</State>
              </Text>
            ))}
          </Group>
        )}
      </Group>
    </Card>
  )
}
