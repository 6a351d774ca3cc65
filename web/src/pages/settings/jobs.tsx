import { Button, Text } from '@mantine/core'
import { IconClockPlay } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, unwrap } from '~/api/client'
import { queries } from '~/api/queries'
import type { Reconciler } from '~/api/schema'
import { useMay } from '~/app/session'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Ago, State } from '~/ui/small'
import { Empty, Failure, Loaded } from '~/ui/states'
import { messages } from './messages'

export function JobsPage() {
  const t = useMessages(messages)
  const may = useMay('jobs:run')
  const client = useQueryClient()
  const jobs = useQuery(queries.reconcilers())
  const run = useMutation({
    mutationFn: (name: string) => unwrap(api.POST('/api/reconcilers/{name}/run', { params: { path: { name } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['reconcilers'] }),
  })
  const columns = useMemo<Column<Reconciler>[]>(
    () => [
      { id: 'name', header: t('jobs.name'), value: (job) => job.name, mono: true, width: 'minmax(170px, 1fr)' },
      {
        id: 'every',
        header: t('jobs.every'),
        align: 'right',
        width: '90px',
        value: (job) => job.intervalSecs,
        render: (job) => t('jobs.seconds', { count: job.intervalSecs }),
      },
      {
        id: 'last',
        header: t('jobs.last'),
        width: '150px',
        value: (job) => job.lastStart,
        render: (job) => (job.lastStart ? <Ago at={job.lastStart} /> : t('jobs.never')),
      },
      {
        id: 'outcome',
        header: t('jobs.outcome'),
        width: 'minmax(200px, 2fr)',
        value: (job) => job.lastError ?? job.lastOutcome ?? '',
        render: (job) => (
          <Text size="sm" truncate title={job.lastError ?? job.lastOutcome ?? ''} component="div">
            <State is={job.lastError ? 'act' : job.lastEnd ? 'good' : 'idle'}>
              {job.lastError ?? job.lastOutcome ?? t(job.lastEnd ? 'jobs.fine' : 'jobs.never')}
            </State>
          </Text>
        ),
      },
      { id: 'runs', header: t('jobs.runs'), value: (job) => job.runs, align: 'right', width: '80px' },
      { id: 'failures', header: t('jobs.failures'), value: (job) => job.failures, align: 'right', width: '90px' },
    ],
    [t],
  )
  return (
    <Page wide title={t('jobs.title')} description={t('jobs.description')}>
      {run.error && <Failure error={run.error} title={t('jobs.failed')} />}
      <Loaded query={jobs}>
        {({ reconcilers }) => (
          <DataTable
            label={t('jobs.title')}
            rows={reconcilers}
            rowId={(job) => job.name}
            columns={columns}
            empty={<Empty icon={<IconClockPlay size={30} stroke={1.4} />} title={t('jobs.empty')} />}
            {...(may && {
              actions: (job: Reconciler) => (
                <Button
                  variant="subtle"
                  loading={run.isPending && run.variables === job.name}
                  aria-label={t('jobs.runNamed', { name: job.name })}
                  onClick={() => run.mutate(job.name)}
                >
                  {t('jobs.run')}
                </Button>
              ),
            })}
          />
        )}
      </Loaded>
    </Page>
  )
}
