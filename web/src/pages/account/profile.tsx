// One's own account: password, second factor, sessions, and (for those who may) API tokens.

import { Alert, Badge, Button, Group, PasswordInput, SimpleGrid, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '~/api/client'
import { queries } from '~/api/queries'
import type { SessionView } from '~/api/schema'
import { useMay, useUser } from '~/app/session'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Page } from '~/ui/page'
import { Ago, Mono } from '~/ui/small'
import { Failure, Loaded } from '~/ui/states'
import { messages } from './messages'
import { SecondFactor } from './second-factor'
import { Tokens } from './tokens'

export function ProfilePage() {
  const t = useMessages(messages)
  const user = useUser()
  const mayTokens = useMay('identity:tokens:read')
  return (
    <Page title={t('profile.title')} description={user && <Mono>{`${user.username} · ${user.role}`}</Mono>}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Password />
        <SecondFactor />
      </SimpleGrid>
      <Sessions />
      {mayTokens && <Tokens />}
    </Page>
  )
}

function Password() {
  const t = useMessages(messages)
  const client = useQueryClient()
  const form = useForm({ initialValues: { current: '', next: '' } })
  const change = useMutation({
    mutationFn: (body: typeof form.values) => unwrap(api.POST('/api/auth/change-password', { body })),
    onSuccess: () => {
      form.reset()
      void client.invalidateQueries({ queryKey: ['sessions'] })
    },
  })
  return (
    <Card title={t('profile.password')}>
      <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
        <Stack gap="sm">
          {change.error && <Failure error={change.error} title={t('profile.failed')} />}
          {change.isSuccess && (
            <Alert color="green" role="status">
              {t('profile.changed')}
            </Alert>
          )}
          <PasswordInput
            label={t('profile.current')}
            autoComplete="current-password"
            required
            {...form.getInputProps('current')}
          />
          <PasswordInput
            label={t('profile.next')}
            description={t('setup.passwordHelp')}
            autoComplete="new-password"
            required
            minLength={8}
            {...form.getInputProps('next')}
          />
          <Group>
            <Button type="submit" loading={change.isPending}>
              {t('profile.change')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  )
}

function Sessions() {
  const t = useMessages(messages)
  const sessions = useQuery(queries.sessions())
  return (
    <Card title={t('profile.sessions')}>
      <Loaded query={sessions}>
        {({ sessions }) => (
          <Stack gap="sm">
            {sessions.map((session) => (
              <Session key={session.id} session={session} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  )
}

/** What a person calls a browser. */
function agentName(agent: string | null | undefined, unknown: string): string {
  const found = /(Firefox|Edg|OPR|Chrome|Safari)\/[\d.]+/.exec(agent ?? '')
  const system = /(Windows|Mac OS X|Android|iPhone|Linux)/.exec(agent ?? '')
  if (!found) return agent ? agent.slice(0, 60) : unknown
  const name = { Edg: 'Edge', OPR: 'Opera' }[found[1] ?? ''] ?? found[1] ?? unknown
  return system ? `${name}, ${system[1]}` : name
}

function Session({ session }: { session: SessionView }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const name = agentName(session.userAgent, t('profile.unknownAgent'))
  const revoke = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/auth/sessions/{id}', { params: { path: { id: session.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  })
  return (
    <Group gap="sm" justify="space-between" wrap="nowrap">
      <div>
        <Group gap={8}>
          <Text size="sm" title={session.userAgent ?? ''}>
            {name}
          </Text>
          {session.current && (
            <Badge size="xs" variant="light" color="green" tt="none">
              {t('profile.thisSession')}
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          <Mono>{session.ip ?? '–'}</Mono> {'· '}
          {t('profile.seen')} <Ago at={session.lastSeenAt} />
        </Text>
        {revoke.error && <Failure error={revoke.error} />}
      </div>
      {!session.current && (
        <Button
          variant="default"
          loading={revoke.isPending}
          onClick={() => revoke.mutate()}
          aria-label={t('profile.revokeNamed', { name })}
        >
          {t('profile.revoke')}
        </Button>
      )}
    </Group>
  )
}
