import { ActionIcon, Button, Group } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconArrowBackUp, IconArrowForwardUp, IconGitPullRequest } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useChanges, useDraft } from '~/draft/hooks'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { messages } from './messages'

/** How many changes wait, and the way to their review. Nothing to see while there are none. */
export function DraftBar() {
  const t = useMessages(messages)
  const { conflicts, canUndo, canRedo } = useDraft()
  const changes = useChanges()
  useHotkeys([
    ['mod+Z', () => draft.undo()],
    ['mod+shift+Z', () => draft.redo()],
  ])
  const count = changes.changes.length + changes.orders.length
  if (count === 0 && !canUndo && !canRedo) return null
  return (
    <Group gap={4} wrap="nowrap">
      <ActionIcon
        variant="subtle"
        color="gray"
        disabled={!canUndo}
        onClick={() => draft.undo()}
        title={t('shell.undo')}
        aria-label={t('shell.undo')}
      >
        <IconArrowBackUp size={17} />
      </ActionIcon>

      <ActionIcon
        variant="subtle"
        color="gray"
        visibleFrom="sm"
        disabled={!canRedo}
        onClick={() => draft.redo()}
        title={t('shell.redo')}
        aria-label={t('shell.redo')}
      >
        <IconArrowForwardUp size={17} />
      </ActionIcon>

      {count > 0 && (
        <Button
          renderRoot={(props) => <Link to="/changes" {...props} />}
          color={conflicts.length > 0 ? 'red' : 'sea'}
          leftSection={<IconGitPullRequest size={15} />}
          data-testid="draft-review"
        >
          {conflicts.length > 0 ? t('shell.conflicts', { count: conflicts.length }) : t('shell.changes', { count })}
        </Button>
      )}
    </Group>
  )
}
