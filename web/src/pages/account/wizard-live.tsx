// The last step of the first run: apply what was made, and send a request through it.

import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, unwrap } from '~/api/client'
import type { ProbeAnswer } from '~/api/schema'
import { useMessages } from '~/i18n'
import { useApply } from '~/pages/changes/apply'
import { ApplyProgress } from '~/pages/changes/apply-progress'
import { ChangeList } from '~/pages/changes/change-list'
import { usePlan } from '~/pages/changes/plan'
import { Refusal } from '~/pages/changes/refusal'
import { Failure, Pending } from '~/ui/states'
import { messages } from './wizard-messages'

export function GoLive({ frontend, host, back }: { frontend: string; host: string; back: () => void }) {
  const t = useMessages(messages)
  const { patch, query } = usePlan()
  const apply = useApply()
  if (apply.isPending) return <ApplyProgress step={apply.step} />
  if (apply.data) return <Try frontend={frontend} host={host} />
  if (patch.length === 0) {
    return (
      <Stack align="flex-start">
        <Text size="sm">{t('nothing')}</Text>
        <Group>
          <Button variant="default" onClick={back}>
            {t('back')}
          </Button>
          <Button renderRoot={(props) => <Link to="/" {...props} />}>{t('finish')}</Button>
        </Group>
      </Stack>
    )
  }
  return (
    <Stack>
      <Text size="sm">{t('reviewText')}</Text>
      {query.isError ? <Refusal error={query.error} /> : apply.error && <Refusal error={apply.error} />}
      {query.data ? <ChangeList changes={query.data.changes} /> : !query.isError && <Pending />}
      <Group>
        <Button variant="default" onClick={back}>
          {t('back')}
        </Button>
        <Button disabled={!query.data || query.isError || query.isFetching} onClick={() => apply.mutate()}>
          {t('apply')}
        </Button>
      </Group>
    </Stack>
  )
}

function Try({ frontend, host }: { frontend: string; host: string }) {
  const t = useMessages(messages)
  const probe = useMutation({
    mutationFn: () => unwrap(api.POST('/api/haproxy/probe', { body: { frontend, ...(host && { host }) } })),
  })
  return (
    <Stack align="flex-start">
      <Alert color="green" icon={<IconCircleCheck size={18} />} role="status">
        {t('applied')}
      </Alert>
      {probe.error && <Failure error={probe.error} title={t('notThrough')} />}
      {probe.data && <Answer answer={probe.data} />}
      {host && probe.data?.ok && (
        <Text size="sm" c="dimmed">
          {t('dns', { host })}
        </Text>
      )}
      <Group>
        <Button variant={probe.data ? 'default' : 'filled'} loading={probe.isPending} onClick={() => probe.mutate()}>
          {t('send')}
        </Button>
        <Button variant={probe.data ? 'filled' : 'default'} renderRoot={(props) => <Link to="/" {...props} />}>
          {t('finish')}
        </Button>
      </Group>
    </Stack>
  )
}

/** HAProxy's own statuses for "no server answers": bad gateway, none available, too late. */
const NO_SERVER = new Set([502, 503, 504])

export function Answer({
  answer,
}: {
  answer: Pick<ProbeAnswer, 'ok' | 'status' | 'durationMs' | 'bodyStart' | 'error'>
}) {
  const t = useMessages(messages)
  const status = answer.status ?? 0
  if (!answer.ok) {
    return (
      <Alert color="red" title={t('notThrough')} role="alert">
        {answer.error}
      </Alert>
    )
  }
  const served = !NO_SERVER.has(status)
  return (
    <Alert
      color={served ? 'green' : 'yellow'}
      title={t(served ? 'through' : 'notThrough')}
      role="status"
      w="100%"
      data-testid="probe"
    >
      <Stack gap="xs">
        <Text size="sm">{t(served ? 'throughText' : 'unavailable', { status, count: answer.durationMs })}</Text>
        {answer.bodyStart && (
          <Code block aria-label={t('bodyStart')}>
            {answer.bodyStart.slice(0, 600)}
          </Code>
        )}
      </Stack>
    </Alert>
  )
}
