// What an operator looks at first: does it run, what runs, what is wrong, what happened lately.

import { Alert, Anchor, Group, List, SimpleGrid, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { meshStatus } from '~/api/mesh-status'
import { queries } from '~/api/queries'
import type { HaproxyStatus, SnapshotRow } from '~/api/schema'
import { useMay } from '~/app/session'
import { useMessages } from '~/i18n'
import { Card, Facts } from '~/ui/card'
import { Page } from '~/ui/page'
import { Ago, Mono } from '~/ui/small'
import { Loaded } from '~/ui/states'
import { Engine } from './engine'
import { Inventory } from './inventory'
import { type Concern, concernsOf } from './mesh-attention'
import { attentionKey, messages } from './messages'

const NetworkCards = lazy(() => import('./network'))
const Concerns = lazy(async () => ({ default: (await import('./network')).Concerns }))

export function OverviewPage() {
  const t = useMessages(messages)
  const status = useQuery(queries.status())
  const network = useQuery({ ...meshStatus(), enabled: useMay('mesh:read') }).data
  return (
    <Page title={t('title')}>
      <Loaded query={status}>
        {(status) => (
          <Stack gap="md">
            <Attention status={status} concerns={concernsOf(network)} />
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
              <Live status={status} />
              <Engine status={status} />
            </SimpleGrid>
            <Inventory running={status.running} />
            {network && (
              <Suspense>
                <NetworkCards status={network} />
              </Suspense>
            )}
            <Recent />
          </Stack>
        )}
      </Loaded>
    </Page>
  )
}

const LOOKS = {
  error: ['red', IconAlertTriangle],
  warning: ['yellow', IconAlertTriangle],
  info: ['blue', IconInfoCircle],
} as const

function Attention({ status, concerns }: { status: HaproxyStatus; concerns: readonly Concern[] }) {
  const t = useMessages(messages)
  const jobs = useQuery(queries.reconcilers())
  const failing = (jobs.data?.reconcilers ?? []).filter((job) => job.lastError)
  if (status.attention.length + failing.length + concerns.length === 0) {
    return (
      <Alert color="green" icon={<IconCircleCheck size={18} />} role="status" data-testid="all-clear">
        {t('allClear')}
      </Alert>
    )
  }
  const severities = [...status.attention, ...concerns].map(({ severity }) => severity)
  if (failing.length > 0) severities.push('warning')
  const [color, Icon] = LOOKS[(['error', 'warning'] as const).find((each) => severities.includes(each)) ?? 'info']
  return (
    <Alert color={color} icon={<Icon size={18} />} title={t('attention')} role="status" data-testid="attention">
      <List size="sm" spacing={4}>
        {status.attention.map((each) => {
          const key = attentionKey(each.code)
          return (
            <List.Item key={each.code}>
              {key ? t(key, { count: each.count ?? 0 }) : each.message}
              {each.code === 'document.first' && (
                <>
                  {' '}
                  <Anchor
                    size="sm"
                    c="inherit"
                    underline="always"
                    renderRoot={(props) => <Link to={'/welcome' as string} {...props} />}
                  >
                    {t('firstSteps')}
                  </Anchor>
                </>
              )}
            </List.Item>
          )
        })}
        {concerns.length > 0 && (
          <Suspense>
            <Concerns concerns={concerns} />
          </Suspense>
        )}
        {failing.map((job) => (
          <List.Item key={job.name}>{t('attention.job', { name: job.name, error: job.lastError ?? '' })}</List.Item>
        ))}
      </List>
    </Alert>
  )
}

/** Why a snapshot was made, in words. */
export function useReason(): (reason: string | null | undefined) => string {
  const t = useMessages(messages)
  return (reason) => {
    if (!reason) return t('plain')
    if (reason === 'first-start' || reason === 'recovered') return t(`reason.${reason}`)
    if (reason.startsWith('restore:')) return t('reason.restore', { id: reason.slice('restore:'.length) })
    return reason
  }
}

function Live({ status }: { status: HaproxyStatus }) {
  const t = useMessages(messages)
  const reason = useReason()
  const { document } = status
  return (
    <Card
      title={t('live')}
      action={
        document && (
          <Anchor
            size="sm"
            renderRoot={(props) => <Link to={`/snapshots/${document.snapshot}` as string} {...props} />}
          >
            {t('seeSnapshot')}
          </Anchor>
        )
      }
    >
      {document ? (
        <Facts
          facts={[
            [
              t('version'),
              <Mono key="etag" title={document.etag}>
                {document.etag.slice(0, 12)}
              </Mono>,
            ],
            [t('appliedBy'), <Mono key="actor">{document.actor}</Mono>],
            [t('applied'), <Ago key="at" at={document.appliedAt} />],
            [t('reason'), reason(document.reason)],
          ]}
        />
      ) : (
        <Text size="sm" c="dimmed">
          {t('noDocument')}
        </Text>
      )}
    </Card>
  )
}

function Recent() {
  const t = useMessages(messages)
  const snapshots = useQuery(queries.snapshots())
  return (
    <Card
      title={t('recent')}
      action={
        <Anchor size="sm" renderRoot={(props) => <Link to={'/snapshots' as string} {...props} />}>
          {t('all')}
        </Anchor>
      }
    >
      <Loaded query={snapshots}>
        {({ snapshots }) => (
          <Stack gap={8}>
            {snapshots.slice(0, 8).map((row, i) => (
              <RecentRow key={row.id} row={row} isLive={i === 0} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  )
}

function RecentRow({ row, isLive }: { row: SnapshotRow; isLive: boolean }) {
  const t = useMessages(messages)
  const reason = useReason()
  return (
    <Group gap="sm" wrap="nowrap">
      <ThemeIcon size={8} radius="xl" color={isLive ? 'green' : 'gray'} variant="filled" aria-hidden>
        <span />
      </ThemeIcon>
      <Anchor size="sm" truncate renderRoot={(props) => <Link to={`/snapshots/${row.id}` as string} {...props} />}>
        {reason(row.reason)}
      </Anchor>
      <Text size="sm" c="dimmed" truncate miw={0}>
        {t('by', { actor: row.actor })}
      </Text>
      <Text size="sm" c="dimmed" ml="auto" style={{ whiteSpace: 'nowrap' }}>
        <Ago at={row.snapshotAt} />
      </Text>
    </Group>
  )
}
