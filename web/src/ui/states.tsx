// What a page shows before there is anything to show, when there is nothing, and when it failed.

import { Alert, Button, Center, Code, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Problem } from '~/api/problem'
import { useMessages } from '~/i18n'
import { messages } from './messages'

export function Pending() {
  const t = useMessages(messages)
  return (
    <Center mih={200} role="status" aria-label={t('loading')}>
      <Loader size="sm" />
    </Center>
  )
}

/** A list without entries: what belongs here, and how to make the first. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <Center mih={220} p="xl">
      <Stack align="center" gap="xs" maw={460}>
        {icon && (
          <Text c="dimmed" component="div" aria-hidden>
            {icon}
          </Text>
        )}
        <Title order={2} size="h3" ta="center">
          {title}
        </Title>
        {children && (
          <Text c="dimmed" size="sm" ta="center" component="div">
            {children}
          </Text>
        )}
        {action && <Group mt="xs">{action}</Group>}
      </Stack>
    </Center>
  )
}

/** What a failure means to a person. */
export function useExplain(): (error: unknown) => string {
  const t = useMessages(messages)
  return (error) => {
    if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error)
    if (error.isUnreachable) return t('unreachable')
    if (error.status === 429 && error.retryAfter !== undefined) return t('waitSeconds', { count: error.retryAfter })
    return error.message
  }
}

export function Failure({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const t = useMessages(messages)
  const explain = useExplain()
  const requestId = error instanceof Problem ? error.requestId : undefined
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} title={title ?? t('failed')} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{explain(error)}</Text>
        {requestId && <Code>{t('requestId', { id: requestId })}</Code>}
        {retry && (
          <Button variant="light" color="red" onClick={retry}>
            {t('retry')}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}

interface Asked<T> {
  data: T | undefined
  error: unknown
  refetch: () => unknown
}

/** The three states of a read in one place: `children` sees only what is there. */
export function Loaded<T>({ query, children }: { query: Asked<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />
  return <Pending />
}
