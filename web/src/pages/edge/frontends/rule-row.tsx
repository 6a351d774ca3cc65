import { useSortable } from '@dnd-kit/sortable'
import { CSS } from '@dnd-kit/utilities'
import { Box, Group, Switch, Text } from '@mantine/core'
import { IconCopy, IconGripVertical, IconPencil, IconTrash } from '@tabler/icons-react'
import { useMessages } from '~/i18n'
import { Soon } from '~/ui/soon'
import { Tool } from '~/ui/tool'
import { messages } from './messages'
import type { Rule } from './rules'
import classes from './rules.module.css'
import { actionText, conditionText } from './summary'

interface Props {
  rule: Rule
  label: string
  backendName: (id: string) => string
  readOnly: boolean
  issue: string | undefined
  open: () => void
  toggle: (enabled: boolean) => void
  duplicate: () => void
  remove: () => void
}

/** One rule in one line: what it does and when. */
export function RuleRow({ rule, label, backendName, readOnly, issue, open, toggle, duplicate, remove }: Props) {
  const t = useMessages(messages)
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging } = useSortable({
    id: rule.id,
  })
  const condition = conditionText(rule.condition)
  const name = label.slice(0, 60)
  return (
    <Box
      ref={setNodeRef}
      className={classes.row}
      data-off={!rule.enabled || undefined}
      data-dragging={isDragging || undefined}
      data-rule={rule.id}
      style={{ transform: CSS.Transform.toString(transform), transition }}
    >
      {!readOnly && (
        <Tool
          ref={setActivatorNodeRef}
          label={t('dragRule', { name })}
          style={{ cursor: 'grab', touchAction: 'none' }}
          {...attributes}
          {...listeners}
        >
          <IconGripVertical size={16} />
        </Tool>
      )}
      <button type="button" className={classes.text} onClick={open}>
        <span className={classes.action}>{actionText(rule.action, backendName)}</span>
        <span className={classes.condition}>
          {condition === '' ? (
            t('always')
          ) : (
            <>
              {t('if')} <span className="mono">{condition}</span>
            </>
          )}
        </span>
        {rule.name && <span className={classes.name}>{rule.name}</span>}
        {issue && (
          <Text size="xs" c="red" span>
            {issue}
          </Text>
        )}
      </button>
      {!readOnly && (
        <Group gap={2} wrap="nowrap" className={classes.tools}>
          <Soon>
            <Switch
              size="xs"
              checked={rule.enabled}
              aria-label={t('enableRule', { name })}
              onChange={(event) => toggle(event.currentTarget.checked)}
              mr={6}
            />
            <Tool label={t('editRule', { name })} onClick={open}>
              <IconPencil size={15} />
            </Tool>
            <Tool label={t('duplicateRule', { name })} onClick={duplicate}>
              <IconCopy size={15} />
            </Tool>
            <Tool label={t('removeRule', { name })} onClick={remove}>
              <IconTrash size={15} />
            </Tool>
          </Soon>
        </Group>
      )}
    </Box>
  )
}
