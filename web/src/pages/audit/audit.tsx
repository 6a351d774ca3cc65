// The audit log, live: filters in the address, details in a drawer.

import { Alert, Button, Code, Group, Select, Stack, Text } from '@mantine/core'
import { IconDownload, IconListSearch, IconShieldCheck } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { queries } from '~/api/queries'
import type { AuditEntry } from '~/api/schema'
import { useLanguage, useMessages } from '~/i18n'
import { Facts } from '~/ui/card'
import { type Column, DataTable } from '~/ui/data-table'
import { SidePanel } from '~/ui/dialog'
import { Page } from '~/ui/page'
import { Ago, Mono, State } from '~/ui/small'
import { Empty, Failure, Loaded } from '~/ui/states'
import { messages, outcomeKey } from './messages'

const here = getRouteApi('/shell/audit')
const TONES: Readonly<Record<string, 'good' | 'look' | 'act' | 'idle'>> = {
  ok: 'good',
  fail: 'look',
  error: 'act',
  interrupted: 'act',
  pending: 'idle',
}
const STEP = 200
const MOST = 1000

export function AuditPage() {
  const t = useMessages(messages)
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const [limit, setLimit] = useState(STEP)
  const [open, setOpen] = useState<AuditEntry | null>(null)
  const { category, actor, outcome, q = '' } = search
  const query = useQuery(queries.audit({ limit, ...(category && { category }), ...(actor && { actor }) }))
  // What can be filtered by is what there is, whatever the filter is now.
  const everything = useQuery(queries.audit({ limit: MOST }))
  const options = useMemo(() => {
    const all = everything.data ?? []
    const distinct = (values: string[]) => [...new Set(values)].sort()
    return {
      categories: distinct(all.map((entry) => entry.category)),
      actors: distinct(all.map((entry) => entry.actor)),
      outcomes: distinct(all.map((entry) => entry.outcome)),
    }
  }, [everything.data])
  const columns = useColumns()
  const set = (part: Partial<typeof search>) => {
    const next = Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value))
    void navigate({ search: next, replace: true })
  }
  const choice = (label: string, data: string[], value: string | undefined, name: 'category' | 'actor' | 'outcome') => (
    <Select
      aria-label={label}
      placeholder={label}
      data={data}
      value={value ?? null}
      onChange={(next) => set({ [name]: next ?? undefined })}
      clearable
      searchable
      w={150}
    />
  )
  return (
    <Page wide title={t('title')} description={t('description')} actions={<Chain />}>
      <Loaded query={query}>
        {(entries) => {
          const rows = outcome ? entries.filter((entry) => entry.outcome === outcome) : entries
          return (
            <Stack gap="sm">
              <DataTable
                label={t('title')}
                rows={rows}
                rowId={(entry) => String(entry.id)}
                columns={columns}
                open={setOpen}
                filter={q}
                onFilter={(q) => set({ q })}
                toolbar={
                  <Group gap="xs">
                    {choice(t('anyCategory'), options.categories, category, 'category')}
                    {choice(t('anyActor'), options.actors, actor, 'actor')}
                    {choice(t('anyOutcome'), options.outcomes, outcome, 'outcome')}
                  </Group>
                }
                empty={
                  <Empty
                    icon={<IconListSearch size={32} stroke={1.4} />}
                    title={t('empty')}
                    action={
                      <Group gap="xs">
                        {choice(t('anyCategory'), options.categories, category, 'category')}
                        {choice(t('anyActor'), options.actors, actor, 'actor')}
                        {choice(t('anyOutcome'), options.outcomes, outcome, 'outcome')}
                      </Group>
                    }
                  >
                    {t('emptyText')}
                  </Empty>
                }
              />
              {entries.length === limit && limit < MOST && (
                <Group>
                  <Button
                    variant="default"
                    loading={query.isFetching}
                    onClick={() => setLimit(Math.min(limit + STEP, MOST))}
                  >
                    {t('more')}
                  </Button>
                </Group>
              )}
            </Stack>
          )
        }}
      </Loaded>
      <SidePanel
        opened={open !== null}
        onClose={() => setOpen(null)}
        size="lg"
        title={open ? t('details', { id: open.id }) : ''}
      >
        {open && <Details entry={open} />}
      </SidePanel>
    </Page>
  )
}

function useColumns(): Column<AuditEntry>[] {
  const t = useMessages(messages)
  return useMemo(
    () => [
      {
        id: 'ts',
        header: t('time'),
        width: '150px',
        value: (entry) => entry.ts,
        render: (entry) => <Ago at={entry.ts} />,
      },
      { id: 'actor', header: t('actor'), width: 'minmax(140px, 1fr)', value: (entry) => entry.actor, mono: true },
      { id: 'category', header: t('category'), width: '120px', value: (entry) => entry.category },
      { id: 'action', header: t('action'), width: '150px', value: (entry) => entry.action },
      {
        id: 'target',
        header: t('target'),
        width: 'minmax(160px, 2fr)',
        value: (entry) => entry.target ?? '',
        mono: true,
      },
      {
        id: 'outcome',
        header: t('outcome'),
        width: '130px',
        value: (entry) => entry.outcome,
        render: (entry) => <State is={TONES[entry.outcome] ?? 'idle'}>{t(outcomeKey(entry.outcome))}</State>,
      },
    ],
    [t],
  )
}

function Details({ entry }: { entry: AuditEntry }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const details = entry.details
  const none =
    details === undefined || details === null || (typeof details === 'object' && Object.keys(details).length === 0)
  return (
    <Stack>
      <Facts
        facts={[
          [t('time'), new Date(entry.ts).toLocaleString(language)],
          [t('actor'), <Mono key="actor">{entry.actor}</Mono>],
          [t('category'), entry.category],
          [t('action'), entry.action],
          [t('target'), entry.target ? <Mono key="target">{entry.target}</Mono> : '–'],
          [
            t('outcome'),
            <State key="outcome" is={TONES[entry.outcome] ?? 'idle'}>
              {t(outcomeKey(entry.outcome))}
            </State>,
          ],
          [t('place'), typeof entry.seq === 'number' ? String(entry.seq) : '–'],
          [t('hash'), entry.hash ? <Mono key="hash">{entry.hash}</Mono> : '–'],
        ]}
      />
      {none ? (
        <Text size="sm" c="dimmed">
          {t('noDetails')}
        </Text>
      ) : (
        <Code block>{JSON.stringify(details, null, 2)}</Code>
      )}
    </Stack>
  )
}

function Chain() {
  const t = useMessages(messages)
  const verify = useMutation({ mutationFn: () => unwrap(api.GET('/api/audit/verify')) })
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        <Button
          variant="default"
          leftSection={<IconShieldCheck size={15} />}
          loading={verify.isPending}
          onClick={() => verify.mutate()}
        >
          {t('verify')}
        </Button>
        <Button
          variant="default"
          component="a"
          href="/api/audit/export"
          download="audit.jsonl"
          leftSection={<IconDownload size={15} />}
        >
          {t('export')}
        </Button>
      </Group>
      {verify.data && (
        <Alert color={verify.data.ok ? 'green' : 'red'} title={t(verify.data.ok ? 'verified' : 'broken')} role="status">
          <Code block>{JSON.stringify(verify.data, null, 2)}</Code>
        </Alert>
      )}
      {verify.error && <Failure error={verify.error} />}
    </Stack>
  )
}
