// The page that every change goes through: what it is, what it would do, what is wrong with it, and the button that makes it live.

import {
  ActionIcon,
  Alert,
  Anchor,
  Button,
  Group,
  List,
  Paper,
  Skeleton,
  Stack,
  Tabs,
  Text,
  Tooltip,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconArrowBackUp, IconCheck, IconCircleCheck, IconGitPullRequest, IconRefresh } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { queries } from '~/api/queries'
import type { EntityChange, Plan } from '~/api/schema'
import { useMay } from '~/app/session'
import { useChanges, useDraft } from '~/draft/hooks'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { Dialog } from '~/ui/dialog'
import { Page } from '~/ui/page'
import { Empty, Pending } from '~/ui/states'
import { UnifiedDiff } from '~/ui/unified-diff'
import { type Applied, useApply } from './apply'
import { ApplyProgress } from './apply-progress'
import { ChangeList } from './change-list'
import { Meanwhile } from './conflicts'
import { messages } from './messages'
import { usePlan } from './plan'
import { Refusal } from './refusal'

export function ReviewPage() {
  const t = useMessages(messages)
  const { document, conflicts } = useDraft()
  const { patch, query } = usePlan()
  const apply = useApply()
  const may = useMay('edge:state:write')
  const pending = patch.length > 0
  if (!document) return <Pending />
  return (
    <Page
      title={t('title')}
      description={t('description')}
      actions={
        pending && (
          <>
            <Discard disabled={apply.isPending} />
            {may && (
              <Button
                onClick={() => apply.mutate()}
                loading={apply.isPending}
                disabled={conflicts.length > 0 || query.isError || query.isFetching}
                leftSection={<IconCheck size={15} />}
                data-testid="apply"
              >
                {t('apply')}
              </Button>
            )}
          </>
        )
      }
    >
      {apply.data && !pending && <Done applied={apply.data} />}
      {apply.isPending && (
        <Paper>
          <ApplyProgress step={apply.step} />
        </Paper>
      )}
      {!apply.isPending && pending && (
        <>
          {!may && <Alert color="blue">{t('viewerOnly')}</Alert>}
          <Meanwhile />
          {apply.error && !query.isError && <Refusal error={apply.error} />}
          {query.isError && conflicts.length === 0 && <Refusal error={query.error} />}
          <Effect
            plan={query.data}
            isLoading={query.isFetching && !query.isError}
            isBlocked={query.isError || conflicts.length > 0}
          />
        </>
      )}
      {!pending && !apply.data && (
        <Empty icon={<IconGitPullRequest size={36} stroke={1.4} />} title={t('emptyTitle')}>
          {t('empty')}
        </Empty>
      )}
    </Page>
  )
}

/** What applying would do. While the daemon refuses to say, the draft's own list of changes stands in. */
function Effect({ plan, isLoading, isBlocked }: { plan: Plan | undefined; isLoading: boolean; isBlocked: boolean }) {
  const t = useMessages(messages)
  const own = useOwnChanges()
  const shown = plan && !isBlocked ? plan.changes : own
  return (
    <Stack gap="md">
      {isLoading && !plan && (
        <Paper role="status" aria-label={t('planning')}>
          <Skeleton h={14} w="40%" mb={8} />
          <Skeleton h={12} w="70%" />
        </Paper>
      )}
      {plan && !isBlocked && <Action plan={plan} />}
      <Tabs defaultValue="changes" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="changes">{`${t('changes')} · ${shown.length}`}</Tabs.Tab>
          {plan && !isBlocked && <Tabs.Tab value="rendered">{t('rendered')}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="changes" pt="sm">
          <ChangeList changes={shown} actions={(change) => <Revert change={change} />} />
        </Tabs.Panel>
        {plan && !isBlocked && (
          <Tabs.Panel value="rendered" pt="sm">
            <UnifiedDiff text={plan.diff} label={t('rendered')} />
          </Tabs.Panel>
        )}
      </Tabs>
    </Stack>
  )
}

function useOwnChanges(): EntityChange[] {
  const { changes } = useChanges()
  return changes.map((change) => {
    const entity = (change.after ?? change.before) as { name?: unknown } | undefined
    const name = entity && typeof entity === 'object' && typeof entity.name === 'string' ? entity.name : change.key
    return {
      kind: change.before === undefined ? 'added' : change.after === undefined ? 'removed' : 'changed',
      section: change.section,
      id: change.key,
      name,
      path: [],
    }
  })
}

function Action({ plan }: { plan: Plan }) {
  const t = useMessages(messages)
  const action = plan.action
  return (
    <Paper component="section" aria-label={t(`action.${action}`)} data-action={action}>
      <Group gap="sm" align="flex-start" wrap="nowrap">
        {action === 'reload' ? (
          <IconRefresh size={20} stroke={1.6} aria-hidden />
        ) : (
          <IconCircleCheck size={20} stroke={1.6} aria-hidden />
        )}
        <Stack gap={4}>
          <Text fw={600}>{t(`action.${action}`)}</Text>
          <Text size="sm" c="dimmed">
            {t(`action.${action}Text`)}
          </Text>
          {plan.reasons.length + plan.operations.length > 0 && (
            <List size="sm" mt={4}>
              {[...plan.reasons, ...plan.operations].slice(0, 20).map((reason) => (
                <List.Item key={reason}>{reason}</List.Item>
              ))}
            </List>
          )}
          {plan.checked && action === 'reload' && (
            <Text size="sm" c="dimmed">
              {t('checked')}
            </Text>
          )}
        </Stack>
      </Group>
    </Paper>
  )
}

function Revert({ change }: { change: EntityChange }) {
  const t = useMessages(messages)
  const { changes } = useChanges()
  const mine = changes.filter(
    (each) =>
      each.section === change.section && (change.id === undefined || change.id === null || each.key === change.id),
  )
  if (mine.length === 0) return null
  const label = t('revertNamed', { name: change.name ?? change.section })
  return (
    <Tooltip label={t('revert')}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => {
          for (const each of mine) draft.revert(each)
        }}
      >
        <IconArrowBackUp size={16} />
      </ActionIcon>
    </Tooltip>
  )
}

function Discard({ disabled }: { disabled: boolean }) {
  const t = useMessages(messages)
  const [opened, dialog] = useDisclosure(false)
  return (
    <>
      <Button variant="default" disabled={disabled} onClick={dialog.open}>
        {t('discard')}
      </Button>
      <Dialog opened={opened} onClose={dialog.close} title={t('discardTitle')}>
        <Stack>
          <Text size="sm">{t('discardText')}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={dialog.close}>
              {t('cancel')}
            </Button>
            <Button
              color="red"
              onClick={() => {
                draft.discard()
                dialog.close()
              }}
            >
              {t('discard')}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  )
}

function Done({ applied }: { applied: Applied }) {
  const t = useMessages(messages)
  const { data } = useQuery(queries.snapshots())
  const snapshot = data?.snapshots.find((row) => row.sha === applied.etag)
  return (
    <Alert color="green" icon={<IconCircleCheck size={18} />} title={t('done')} role="status" data-testid="applied">
      <Group gap="sm">
        <Text size="sm">{t(`done.${applied.action}`)}</Text>
        {snapshot && (
          <Anchor size="sm" renderRoot={(props) => <Link to={`/snapshots/${snapshot.id}` as string} {...props} />}>
            {t('doneSnapshot')}
          </Anchor>
        )}
      </Group>
    </Alert>
  )
}
