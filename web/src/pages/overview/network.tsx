// How the network of services does: its cards, for whoever may read it. Loaded after the first page is there.

import { Anchor, Group, List, SimpleGrid, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { MeshStatus } from '~/api/schema'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import type { Health } from '~/ui/health'
import { State } from '~/ui/small'
import type { Concern } from './mesh-attention'
import { messages } from './network-messages'

export default function NetworkCards({ status }: { status: MeshStatus }) {
  const t = useMessages(messages)
  const { services, certs, servers, dns, caddy } = status
  const unknown = services.total - services.up - services.degraded - services.down
  const isIdle = services.total === 0
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} spacing="md">
      <Tile title={t('services')} to="/network/services">
        {isIdle ? (
          <Text size="sm" c="dimmed">
            {t('noServices')}
          </Text>
        ) : (
          <Counts
            counts={[
              ['act', services.down, t('down', { count: services.down })],
              ['look', services.degraded, t('degraded', { count: services.degraded })],
              ['good', services.up, t('up', { count: services.up })],
              ['idle', unknown, t('unchecked', { count: unknown })],
            ]}
          />
        )}
      </Tile>
      <Tile title={t('certificates')} to="/network/certificates">
        {certs.valid + certs.expiring + certs.expired === 0 ? (
          <Text size="sm" c="dimmed">
            {t('noCertificates')}
          </Text>
        ) : (
          <Counts
            counts={[
              ['act', certs.expired, t('expired', { count: certs.expired })],
              ['look', certs.expiring, t('expiring', { count: certs.expiring })],
              ['good', certs.valid, t('valid', { count: certs.valid })],
            ]}
          />
        )}
      </Tile>
      <Tile title={t('engines')} to="/network/dns">
        <Stack gap={4}>
          <Engine name={t('dns')} isUp={dns} isIdle={isIdle} />
          <Engine name={t('caddy')} isUp={caddy} isIdle={isIdle} />
        </Stack>
      </Tile>
      <Tile title={t('servers')} to="/network/servers">
        <Counts
          counts={[
            ['act', servers.total - servers.online, t('offline', { count: servers.total - servers.online })],
            ['good', servers.online, t('online', { count: servers.online })],
          ]}
        />
      </Tile>
    </SimpleGrid>
  )
}

function Tile({ title, to, children }: { title: string; to: string; children: ReactNode }) {
  const t = useMessages(messages)
  return (
    <Card
      title={title}
      action={
        <Anchor size="sm" aria-label={t('openOf', { title })} renderRoot={(props) => <Link to={to} {...props} />}>
          {t('open')}
        </Anchor>
      }
    >
      {children}
    </Card>
  )
}

/** Those that are none are left out. */
function Counts({ counts }: { counts: [tone: Health, count: number, text: string][] }) {
  return (
    <Stack gap={4}>
      {counts
        .filter(([, count]) => count > 0)
        .map(([tone, , text]) => (
          <Text size="sm" key={tone} component="div">
            <State is={tone}>{text}</State>
          </Text>
        ))}
    </Stack>
  )
}

function Engine({ name, isUp, isIdle }: { name: string; isUp: boolean; isIdle: boolean }) {
  const t = useMessages(messages)
  return (
    <Group gap="xs" justify="space-between" wrap="nowrap">
      <Text size="sm">{name}</Text>
      <Text size="sm" component="div">
        <State is={isUp ? 'good' : isIdle ? 'idle' : 'act'}>
          {t(isUp ? 'answers' : isIdle ? 'notStarted' : 'silent')}
        </State>
      </Text>
    </Group>
  )
}

/** What of the network needs a look, as entries of the overview's list; each leads to where it is looked into. */
export function Concerns({ concerns }: { concerns: readonly Concern[] }) {
  const t = useMessages(messages)
  return concerns.map(({ code, count, to }) => (
    <List.Item key={code}>
      <Anchor size="sm" c="inherit" underline="always" renderRoot={(props) => <Link to={to} {...props} />}>
        {t(code, { count })}
      </Anchor>
    </List.Item>
  ))
}
