// Fields for people who may look but not change: the label and the value as text. An input that cannot be typed into would only
// pretend.

import { Box, Code, Group, Text } from '@mantine/core'
import { useMessages } from '~/i18n'
import type { InputProps } from './field'
import { messages } from './messages'
import type { Kind } from './schema'

/** The kinds that are one value, or a list of plain ones. */
const PLAIN: ReadonlySet<Kind> = new Set([
  'switch',
  'choice',
  'number',
  'text',
  'body',
  'secret',
  'texts',
  'choices',
  'json',
])

export function isPlain(kind: Kind): boolean {
  return PLAIN.has(kind)
}

export function ReadOnly({ kind, label, help, value, node }: InputProps & { kind: Kind }) {
  return (
    <Box>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      {help && (
        <Text size="xs" c="dimmed" mb={2}>
          {help}
        </Text>
      )}
      <Value kind={kind} value={value ?? node.default} />
    </Box>
  )
}

function Value({ kind, value }: { kind: Kind; value: unknown }) {
  const t = useMessages(messages)
  if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) {
    return (
      <Text size="sm" c="dimmed">
        {t(kind === 'secret' ? 'secretNone' : 'unset')}
      </Text>
    )
  }
  switch (kind) {
    case 'switch':
      return <Text size="sm">{t(value === true ? 'on' : 'off')}</Text>
    case 'secret':
      return <Text size="sm">{t('secretSet')}</Text>
    case 'body':
    case 'json':
      return (
        <Code block mah={320} tabIndex={0} style={{ overflow: 'auto', whiteSpace: 'pre-wrap' }}>
          {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
        </Code>
      )
    case 'texts':
    case 'choices':
      return (
        <Group gap={6} mah={240} style={{ overflow: 'auto' }}>
          {(value as unknown[]).slice(0, 500).map((each) => (
            <Code key={String(each)} style={{ overflowWrap: 'anywhere' }}>
              {String(each)}
            </Code>
          ))}
        </Group>
      )
    default:
      return (
        <Text size="sm" className={kind === 'text' ? 'mono' : ''} style={{ overflowWrap: 'anywhere' }}>
          {typeof value === 'number' ? value.toLocaleString() : String(value)}
        </Text>
      )
  }
}
