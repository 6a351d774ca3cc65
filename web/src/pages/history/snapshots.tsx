// Every stored document, newest first, by day. Any two can be compared.

import { Badge, Button, Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { IconCamera, IconGitCompare } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { queries } from '~/api/queries'
import type { SnapshotRow } from '~/api/schema'
import { useLanguage, useMessages } from '~/i18n'
import { useReason } from '~/pages/overview/overview'
import { Page } from '~/ui/page'
import { Ago, Mono } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'
import classes from './history.module.css'
import { messages } from './messages'

/** As many as a person scrolls through; the rest comes when asked for. */
const PAGE = 100

export function SnapshotsPage() {
  const t = useMessages(messages)
  const snapshots = useQuery(queries.snapshots())
  return (
    <Page title={t('title')} description={t('description')}>
      <Loaded query={snapshots}>
        {({ snapshots }) =>
          snapshots.length === 0 ? (
            <Empty icon={<IconCamera size={32} stroke={1.4} />} title={t('empty')}>
              {t('emptyText')}
            </Empty>
          ) : (
            <Timeline rows={snapshots} />
          )
        }
      </Loaded>
    </Page>
  )
}

function Timeline({ rows }: { rows: readonly SnapshotRow[] }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const navigate = useNavigate()
  const [chosen, setChosen] = useState<string[]>([])
  const [shown, setShown] = useState(PAGE)
  const days = useMemo(() => byDay(rows.slice(0, shown), language), [rows, shown, language])
  const toggle = (id: string) =>
    setChosen((now) => (now.includes(id) ? now.filter((other) => other !== id) : [...now.slice(-1), id]))
  const compare = () => {
    // The older one first, whichever was chosen first: ids sort by time.
    const [from, to] = [...chosen].sort()
    if (from && to) void navigate({ to: `/snapshots/${to}` as string, search: { against: from } as never })
  }
  return (
    <Stack gap="md">
      <Group gap="sm">
        <Button
          variant="default"
          leftSection={<IconGitCompare size={15} />}
          disabled={chosen.length !== 2}
          onClick={compare}
        >
          {t('compare')}
        </Button>
        <Text size="sm" c="dimmed">
          {t('compareHint')}
        </Text>
      </Group>
      {days.map(([day, rows]) => (
        <Paper key={day} p={0} component="section" aria-label={day}>
          <Title order={2} p="sm" className={classes.day}>
            {day}
          </Title>
          {rows.map((row) => (
            <Row
              key={row.id}
              row={row}
              isLive={row.isLive}
              chosen={chosen.includes(row.id)}
              choose={() => toggle(row.id)}
            />
          ))}
        </Paper>
      ))}
      {rows.length > shown && (
        <Button variant="default" onClick={() => setShown(shown + PAGE)}>
          {`+ ${Math.min(PAGE, rows.length - shown)}`}
        </Button>
      )}
    </Stack>
  )
}

type Placed = SnapshotRow & { isLive: boolean }

function byDay(rows: readonly SnapshotRow[], language: string): [string, Placed[]][] {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'full' })
  const days = new Map<string, Placed[]>()
  for (const [i, row] of rows.entries()) {
    const day = format.format(new Date(row.snapshotAt))
    days.set(day, [...(days.get(day) ?? []), { ...row, isLive: i === 0 }])
  }
  return [...days]
}

function Row({
  row,
  isLive,
  chosen,
  choose,
}: {
  row: SnapshotRow
  isLive: boolean
  chosen: boolean
  choose: () => void
}) {
  const t = useMessages(messages)
  const language = useLanguage()
  const reason = useReason()
  return (
    <div className={classes.row}>
      <Checkbox checked={chosen} onChange={choose} aria-label={t('choose', { id: row.id })} />
      <Link to={`/snapshots/${row.id}` as string} className={classes.link}>
        <Text size="sm" fw={600} component="span">
          {new Date(row.snapshotAt).toLocaleTimeString(language)}
        </Text>
        <Text size="sm" component="span" truncate>
          {reason(row.reason)}
        </Text>
        <Text size="sm" c="dimmed" component="span" truncate>
          {t('by', { actor: row.actor })}
        </Text>
        {isLive && (
          <Badge size="xs" color="green" variant="light">
            {t('live')}
          </Badge>
        )}
        <Text size="xs" c="dimmed" component="span" className={classes.end}>
          <Mono>{row.sha.slice(0, 7)}</Mono> {'· '}
          {t('size', { count: Math.max(1, Math.round(row.size / 1024)) })} {'· '}
          <Ago at={row.snapshotAt} />
        </Text>
      </Link>
    </div>
  )
}
