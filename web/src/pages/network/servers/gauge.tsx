import { Group, Progress, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useMessages } from '~/i18n'
import { COLOURS, type Level } from './level'
import { messages } from './messages'

interface Props {
  label: string
  /** 0 to 100: how far the bar goes. */
  percent: number
  level: Level
  /** The number, in words. */
  text: string
}

/** A bar with its number; what is high says so in words too. */
export function Gauge({ label, percent, level, text }: Props) {
  const t = useMessages(messages)
  return (
    <Stack gap={3}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" truncate title={label}>
          {label}
        </Text>
        <Group gap={6} wrap="nowrap" style={{ flex: 'none' }}>
          {level !== 'calm' && (
            <Text size="xs" fw={650} component="span">
              <IconAlertTriangle size={13} aria-hidden style={{ verticalAlign: '-2px' }} /> {t(level)}
            </Text>
          )}
          <Text size="sm" ff="text" style={{ fontVariantNumeric: 'tabular-nums' }}>
            {text}
          </Text>
        </Group>
      </Group>
      <Progress value={percent} color={COLOURS[level]} size={8} aria-label={`${label}: ${text}`} />
    </Stack>
  )
}
