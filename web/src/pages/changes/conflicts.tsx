// What others applied while the draft was being made: who and when, and what has to be decided.

import { Alert, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { IconGitMerge, IconInfoCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { queries } from '~/api/queries'
import type { Conflict } from '~/draft/changes'
import { useDraft } from '~/draft/hooks'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { humanize } from '~/schema/schema'
import { Ago, Mono } from '~/ui/small'
import { Shown } from './change-list'
import classes from './changes.module.css'
import { messages, sectionKey } from './messages'

export function Meanwhile() {
  const t = useMessages(messages)
  const { conflicts, carried } = useDraft()
  if (conflicts.length === 0 && !carried) return null
  if (conflicts.length === 0) {
    return (
      <Alert color="blue" icon={<IconInfoCircle size={18} />} title={t('carriedTitle')}>
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{t('carriedText')}</Text>
          <Latest />
          <Button variant="light" onClick={() => draft.acknowledge()}>
            {t('understood')}
          </Button>
        </Stack>
      </Alert>
    )
  }
  return (
    <Alert
      color="red"
      icon={<IconGitMerge size={18} />}
      title={t('conflictsTitle', { count: conflicts.length })}
      role="alert"
    >
      <Stack gap="sm">
        <Text size="sm">{t('conflictsText')}</Text>
        <Latest />
        {conflicts.map((conflict) => (
          <Decide key={[conflict.section, conflict.key, ...conflict.path].join('/')} conflict={conflict} />
        ))}
      </Stack>
    </Alert>
  )
}

/** The newest apply: who it was. */
function Latest() {
  const t = useMessages(messages)
  const { data } = useQuery(queries.snapshots())
  const newest = data?.snapshots[0]
  if (!newest) return null
  return (
    <Text size="sm">
      {t('since')} <Mono>{newest.actor}</Mono> {'· '}
      <Ago at={newest.snapshotAt} />
    </Text>
  )
}

function Decide({ conflict }: { conflict: Conflict }) {
  const t = useMessages(messages)
  const field = conflict.path.map((step) => humanize(step)).join(' › ')
  return (
    <Paper p="sm" component="section" aria-label={`${conflict.key} ${field}`}>
      <Group gap="xs" mb="xs">
        <Text size="sm" c="dimmed">
          {t(sectionKey(conflict.section))}
        </Text>
        <Text size="sm" fw={600} span>
          <Mono>{conflict.key}</Mono>
        </Text>
        <Text size="sm">{field}</Text>
      </Group>
      <div className={classes.choice}>
        <Side label={t('before')} value={conflict.base} />
        <Side label={t('mine')} value={conflict.mine} />
        <Side label={t('theirs')} value={conflict.theirs} />
      </div>
      <Group mt="sm" gap="xs">
        <Button onClick={() => draft.resolve(conflict, 'mine')}>{t('keepMine')}</Button>
        <Button variant="default" onClick={() => draft.resolve(conflict, 'theirs')}>
          {t('takeTheirs')}
        </Button>
      </Group>
    </Paper>
  )
}

function Side({ label, value }: { label: string; value: unknown }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={2}>
        {label}
      </Text>
      <Shown value={value} kind="after" />
    </div>
  )
}
