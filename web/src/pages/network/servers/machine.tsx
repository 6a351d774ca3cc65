// One machine: how full and how hot it is, and for how long it has run.

import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Gpu, Machine } from '~/api/schema'
import { useLanguage, useMessages } from '~/i18n'
import { Facts } from '~/ui/card'
import type { Health } from '~/ui/health'
import { Ago, Mono, State, Tag } from '~/ui/small'
import { Gauge } from './gauge'
import { heatOf, levelOf, percentOf, sizeOf, spanOf } from './level'
import { messages } from './messages'

const MEBIBYTE = 1024 * 1024

const TONES = { online: 'good', offline: 'act', changed_key: 'act' } as const satisfies Record<
  Machine['status'],
  Health
>

/** A state that this version does not know is none in which the numbers can be relied on. */
function statusOf(word: string): Machine['status'] {
  return word in TONES ? (word as Machine['status']) : 'offline'
}

interface Props {
  machine: Machine
  /** What can be done with it. */
  actions?: ReactNode
  /** In place of the reason why it cannot be read. */
  notice?: ReactNode
}

export function MachineCard({ machine, actions, notice }: Props) {
  const t = useMessages(messages)
  const status = statusOf(machine.status)
  return (
    <Paper component="section" aria-label={machine.name}>
      <Stack gap="md">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Stack gap={2} miw={0}>
            <Group gap={8}>
              <Title order={2} style={{ overflowWrap: 'anywhere' }}>
                {machine.name}
              </Title>
              {machine.id === 'local' && <Tag>{t('local')}</Tag>}
            </Group>
            <Text size="sm" component="div">
              <State is={TONES[status]}>{t(status)}</State>
            </Text>
            {machine.user && (
              <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                {t('sshAs', { user: machine.user, host: machine.host, port: String(machine.port ?? 22) })}
              </Text>
            )}
          </Stack>
          {actions}
        </Group>
        {notice ??
          (machine.error && (
            <Text size="sm" lang="en" style={{ overflowWrap: 'anywhere' }}>
              {machine.error}
            </Text>
          ))}
        {machine.status !== 'online' && machine.read_at && (
          <Text size="xs" c="dimmed">
            {t('stale')} <Ago at={machine.read_at} />
          </Text>
        )}
        {machine.read_at && <Numbers machine={machine} />}
      </Stack>
    </Paper>
  )
}

function Numbers({ machine }: { machine: Machine }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const uptime = spanOf(machine.uptime)
    .map(([unit, count]) => t(`unit.${unit}`, { count }))
    .join(' ')
  const load = machine.load.map((each) => each.toLocaleString(language, { maximumFractionDigits: 2 })).join('  ')
  const full = (used: number, total: number, share: number) =>
    `${t('of', { used: sizeOf(used, language), total: sizeOf(total, language) })} · ${percent(share, language)}`
  return (
    <>
      <Stack gap="sm">
        <Gauge
          label={`${t('cpu')} · ${t('cores', { count: machine.cpu_cores })}`}
          percent={machine.cpu_percent}
          level={levelOf(machine.cpu_percent)}
          text={percent(machine.cpu_percent, language)}
        />
        <Gauge
          label={t('memory')}
          percent={machine.memory_percent}
          level={levelOf(machine.memory_percent)}
          text={full(machine.memory_used, machine.memory_total, machine.memory_percent)}
        />
        <Gauge
          label={t('disk')}
          percent={machine.disk_percent}
          level={levelOf(machine.disk_percent)}
          text={full(machine.disk_used, machine.disk_total, machine.disk_percent)}
        />
        {machine.gpus.map((gpu) => (
          <GpuGauges key={gpu.index} gpu={gpu} />
        ))}
      </Stack>
      <Facts
        facts={[
          [
            t('load'),
            <span key="load" title={t('loadText')}>
              <Mono>{load}</Mono>
            </span>,
          ],
          [t('uptime'), uptime],
          [t('checked'), <Ago key="at" at={machine.last_check} />],
          ...(machine.host_key
            ? ([[t('hostKey'), <Mono key="key">{machine.host_key}</Mono>]] as [string, ReactNode][])
            : []),
        ]}
      />
    </>
  )
}

function percent(value: number, language: string): string {
  return (value / 100).toLocaleString(language, { style: 'percent', maximumFractionDigits: 0 })
}

function GpuGauges({ gpu }: { gpu: Gpu }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const { index, utilization, memory_used, memory_total, temperature, power_draw, power_limit } = gpu
  const isThere = (value: number | null | undefined): value is number => typeof value === 'number'
  return (
    <>
      {isThere(utilization) && (
        <Gauge
          label={`${t('gpu', { index: String(index) })} · ${gpu.name}`}
          percent={utilization}
          level={levelOf(utilization)}
          text={percent(utilization, language)}
        />
      )}
      {isThere(memory_used) && isThere(memory_total) && (
        <Gauge
          label={t('gpuMemory', { index: String(index) })}
          percent={percentOf(memory_used, memory_total)}
          level={levelOf(percentOf(memory_used, memory_total))}
          text={t('of', {
            used: sizeOf(memory_used * MEBIBYTE, language),
            total: sizeOf(memory_total * MEBIBYTE, language),
          })}
        />
      )}
      {isThere(temperature) && (
        <Gauge
          label={t('temperature', { index: String(index) })}
          percent={temperature}
          level={heatOf(temperature)}
          text={`${temperature.toLocaleString(language)} °C`}
        />
      )}
      {isThere(power_draw) && isThere(power_limit) && (
        <Text size="xs" c="dimmed">
          {t('power')}
          {': '}
          {t('watts', { used: Math.round(power_draw), limit: Math.round(power_limit) })}
        </Text>
      )}
    </>
  )
}
