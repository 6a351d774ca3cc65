// One snapshot: what it changed, how it differs from any other, and the way back to it.

import { Alert, Anchor, Button, Group, Paper, Select, Stack, Tabs, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconCircleCheck, IconHistory } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { answer, api } from '~/api/client'
import { queries } from '~/api/queries'
import type { SnapshotRow } from '~/api/schema'
import { useMay } from '~/app/session'
import { useMessages } from '~/i18n'
import { followSteps, type Step } from '~/pages/changes/apply'
import { ApplyProgress } from '~/pages/changes/apply-progress'
import { ChangeList } from '~/pages/changes/change-list'
import { Refusal } from '~/pages/changes/refusal'
import { useReason } from '~/pages/overview/overview'
import { Dialog } from '~/ui/dialog'
import { Page } from '~/ui/page'
import { Ago, Mono } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'
import { UnifiedDiff } from '~/ui/unified-diff'
import { messages } from './messages'

const here = getRouteApi('/shell/snapshots/$id')

export function SnapshotPage() {
  const t = useMessages(messages)
  const { id } = here.useParams()
  const list = useQuery(queries.snapshots())
  return (
    <Loaded query={list}>
      {({ snapshots }) => {
        const at = snapshots.findIndex((row) => row.id === id)
        const row = snapshots[at]
        if (!row) {
          return (
            <Page title={t('snapshot')}>
              <Empty title={t('gone')}>{t('goneText')}</Empty>
            </Page>
          )
        }
        return <Found key={id} row={row} isLive={at === 0} previous={snapshots[at + 1]?.id} all={snapshots} />
      }}
    </Loaded>
  )
}

function Found({
  row,
  isLive,
  previous,
  all,
}: {
  row: SnapshotRow
  isLive: boolean
  previous: string | undefined
  all: readonly SnapshotRow[]
}) {
  const t = useMessages(messages)
  const reason = useReason()
  const may = useMay('edge:snapshots:restore')
  const navigate = here.useNavigate()
  const { against = previous } = here.useSearch()
  const label = (other: SnapshotRow) =>
    `${other.id}${other.id === previous ? ` (${t('previous')})` : other === all[0] ? ` (${t('current')})` : ''}`
  return (
    <Page
      title={row.id}
      description={
        <Stack gap={2}>
          <Anchor size="sm" renderRoot={(props) => <Link to={'/snapshots' as string} {...props} />}>
            {t('back')}
          </Anchor>
          <Text size="sm" c="dimmed" component="span">
            {reason(row.reason)} {t('by', { actor: row.actor })} {'· '}
            <Ago at={row.snapshotAt} /> {'· '}
            <Mono title={row.sha}>{row.sha.slice(0, 12)}</Mono>
          </Text>
        </Stack>
      }
      actions={may && !isLive && <Restore row={row} />}
    >
      {isLive && (
        <Alert color="green" icon={<IconCircleCheck size={18} />}>
          {t('isLive')}
        </Alert>
      )}
      <Select
        label={t('against')}
        data={all
          .filter((other) => other.id !== row.id)
          .slice(0, 500)
          .map((other) => ({ value: other.id, label: label(other) }))}
        value={against ?? null}
        onChange={(next) => void navigate({ search: next ? { against: next } : {}, replace: true })}
        searchable
        allowDeselect={false}
        maw={420}
      />
      {against ? <Comparison from={against} to={row.id} /> : <Text c="dimmed">{t('oldest')}</Text>}
    </Page>
  )
}

function Comparison({ from, to }: { from: string; to: string }) {
  const t = useMessages(messages)
  const comparison = useQuery(queries.comparison(from, to))
  return (
    <Loaded query={comparison}>
      {({ changes, diff }) => (
        <Tabs defaultValue="changes" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="changes">{`${t('changes')} · ${changes.length}`}</Tabs.Tab>
            <Tabs.Tab value="rendered">{t('rendered')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="changes" pt="sm">
            {changes.length === 0 ? (
              <Text c="dimmed">{t('nothing')}</Text>
            ) : (
              <ChangeList changes={changes} links={false} />
            )}
          </Tabs.Panel>
          <Tabs.Panel value="rendered" pt="sm">
            {typeof diff === 'string' ? (
              <UnifiedDiff text={diff} label={t('rendered')} />
            ) : (
              <Text c="dimmed">{t('noRendered')}</Text>
            )}
          </Tabs.Panel>
        </Tabs>
      )}
    </Loaded>
  )
}

/** The same review that every change goes through, then the restore. */
function Restore({ row }: { row: SnapshotRow }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const [opened, dialog] = useDisclosure(false)
  const [step, setStep] = useState<Step>()
  const plan = useQuery({ ...queries.restorePlan(row.id), enabled: opened, gcTime: 0 })
  const restore = useMutation({
    mutationFn: async () => {
      const id = crypto.randomUUID()
      setStep(undefined)
      const stop = followSteps(id, setStep)
      try {
        await answer(
          api.POST('/api/snapshots/{id}/restore', {
            params: { path: { id: row.id } },
            headers: { 'plenum-apply-id': id },
          }),
        )
      } finally {
        stop()
      }
    },
    onSuccess: () => client.invalidateQueries(),
  })
  const close = () => {
    if (restore.isPending) return
    dialog.close()
    restore.reset()
  }
  return (
    <>
      <Button leftSection={<IconHistory size={15} />} onClick={dialog.open}>
        {t('restore')}
      </Button>
      <Dialog opened={opened} onClose={close} title={restore.isSuccess ? t('restored') : t('restoreTitle')} size="xl">
        {restore.isSuccess ? (
          <Alert color="green" icon={<IconCircleCheck size={18} />} role="status">
            {t('restoredText')}
          </Alert>
        ) : (
          <Stack>
            <Text size="sm">{t('restoreText')}</Text>
            {restore.isPending ? (
              <ApplyProgress step={step} />
            ) : restore.isError ? (
              <Refusal error={restore.error} />
            ) : plan.isError ? (
              <Refusal error={plan.error} />
            ) : (
              <Loaded query={plan}>
                {(plan) => (
                  <Paper p="sm">
                    {plan.changes.length === 0 ? (
                      <Text size="sm">{t('nothing')}</Text>
                    ) : (
                      <ChangeList changes={plan.changes} links={false} />
                    )}
                  </Paper>
                )}
              </Loaded>
            )}
            <Group justify="flex-end">
              <Button variant="default" disabled={restore.isPending} onClick={close}>
                {t('cancel')}
              </Button>
              <Button disabled={!plan.data} loading={restore.isPending} onClick={() => restore.mutate()}>
                {t('restore')}
              </Button>
            </Group>
          </Stack>
        )}
      </Dialog>
    </>
  )
}
