// How a service was, hour by hour, and when its state changed.

import { Group, Select, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { mesh } from '~/api/mesh'
import type { MeshServiceHistory } from '~/api/schema'
import { useLanguage, useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Mono } from '~/ui/small'
import { Loaded } from '~/ui/states'
import classes from '../network.module.css'
import { ServiceHealth } from '../state'
import { SPANS, type Span } from './hours'
import { messages } from './messages'
import { answeredOf, type Slot, scaleOf, sharesOf, slotsOf } from './slots'

interface Props {
  name: string
  hours: Span
  show: (hours: Span) => void
}

export function History({ name, hours, show }: Props) {
  const t = useMessages(messages)
  const history = useQuery(mesh.history(name, hours))
  return (
    <Card
      title={t('history')}
      action={
        <Select
          aria-label={t('span')}
          data={SPANS.map((span) => ({ value: String(span), label: t(`span.${span}`) }))}
          value={String(hours)}
          onChange={(value) => show(SPANS.find((span) => String(span) === value) ?? 24)}
          allowDeselect={false}
          w={170}
        />
      }
    >
      <Loaded query={history}>{(history) => <Hours history={history} count={hours} />}</Loaded>
    </Card>
  )
}

function Hours({ history, count }: { history: MeshServiceHistory; count: Span }) {
  const t = useMessages(messages)
  const language = useLanguage()
  // The hours that are shown are those of the moment in which they were read.
  const slots = useMemo(() => slotsOf(history.hours, Date.now(), count), [history, count])
  const answered = answeredOf(history.hours)
  if (!answered) {
    return (
      <Text size="sm" c="dimmed">
        {t('historyNone')}
      </Text>
    )
  }
  const percent = answered.share.toLocaleString(language, { style: 'percent', maximumFractionDigits: 2 })
  const all = t('answered', { percent, count: answered.checks })
  return (
    <Stack gap="sm">
      <Text size="sm">{all}</Text>
      <Bars slots={slots} label={all} scale={scaleOf(history.hours)} />
      <details>
        <summary className={classes.summary}>{t('asTable')}</summary>
        <AsTable history={history} />
      </details>
      <Changes changes={history.changes} />
    </Stack>
  )
}

const WIDTH = 960
const HEIGHT = 72
const LINE = HEIGHT * 0.68

function Bars({ slots, label, scale }: { slots: readonly Slot[]; label: string; scale: number }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const step = WIDTH / slots.length
  const titleOf = ({ from, hour }: Slot) => {
    const when = new Date(from).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' })
    if (!hour) return t('hourNone', { when })
    const failed = t('hourSome', { when, failures: hour.failures, count: hour.checks })
    if (typeof hour.ms_avg !== 'number') return failed
    return `${failed}; ${t('hourTimes', { average: hour.ms_avg, slowest: hour.ms_max })}`
  }
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={classes.hours}
    >
      <line x1={0} x2={WIDTH} y1={LINE} y2={LINE} className={classes.sparkLine} />
      {slots.map((slot, i) => {
        const { slow, failed } = slot.hour ? sharesOf(slot.hour, scale) : { slow: 0, failed: 0 }
        const [above, below] = [slow * (LINE - 2), failed * (HEIGHT - LINE - 2)]
        return (
          <g key={slot.from} className={classes.hour}>
            <title>{titleOf(slot)}</title>
            <rect x={i * step} y={0} width={step} height={HEIGHT} className={classes.ground} />
            <rect x={i * step + 1} y={LINE - 1 - above} width={step - 2} height={above} className={classes.answered} />
            <rect x={i * step + 1} y={LINE + 1} width={step - 2} height={below} className={classes.failed} />
          </g>
        )
      })}
    </svg>
  )
}

function AsTable({ history }: { history: MeshServiceHistory }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const ms = (value: number | null | undefined) =>
    typeof value === 'number' ? `${value.toLocaleString(language)} ms` : '–'
  return (
    <Table.ScrollContainer minWidth={420} mah={320} mt="xs" scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table tabularNums>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('hour')}</Table.Th>
            <Table.Th ta="right">{t('hourChecks')}</Table.Th>
            <Table.Th ta="right">{t('hourFailures')}</Table.Th>
            <Table.Th ta="right">{t('hourAverage')}</Table.Th>
            <Table.Th ta="right">{t('hourSlowest')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {history.hours.toReversed().map((hour) => (
            <Table.Tr key={hour.from}>
              <Table.Td>
                {new Date(hour.from).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' })}
              </Table.Td>
              <Table.Td ta="right">{hour.checks.toLocaleString(language)}</Table.Td>
              <Table.Td ta="right">{hour.failures.toLocaleString(language)}</Table.Td>
              <Table.Td ta="right">{ms(hour.ms_avg)}</Table.Td>
              <Table.Td ta="right">{ms(hour.checks > hour.failures ? hour.ms_max : null)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

const MOST = 20

function Changes({ changes }: { changes: MeshServiceHistory['changes'] }) {
  const t = useMessages(messages)
  const language = useLanguage()
  return (
    <Stack gap={6} component="section" aria-label={t('changes')}>
      <Text size="sm" fw={600}>
        {t('changes')}
      </Text>
      {changes.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('noChanges')}
        </Text>
      )}
      {changes.slice(0, MOST).map((change) => (
        <Group key={`${change.at}${change.from}${change.to}`} gap="md" align="baseline">
          <Text size="sm" c="dimmed" w={170}>
            {new Date(change.at).toLocaleString(language)}
          </Text>
          <Text size="sm" component="div">
            <Group gap={8}>
              <ServiceHealth word={change.from} />
              {'→'}
              <ServiceHealth word={change.to} />
            </Group>
          </Text>
          {change.reason && (
            <Text size="sm" c="dimmed">
              <Mono>{change.reason}</Mono>
            </Text>
          )}
        </Group>
      ))}
    </Stack>
  )
}
