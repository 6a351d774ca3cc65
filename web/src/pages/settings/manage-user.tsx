// What can be done with one user. The daemon's own rules (the last owner stays, nobody reaches above) are told by its refusals.

import { Alert, Button, Checkbox, Divider, Group, PasswordInput, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, unwrap } from '~/api/client'
import type { User } from '~/api/schema'
import { useUser } from '~/app/session'
import { useMessages } from '~/i18n'
import { Dialog } from '~/ui/dialog'
import { Failure } from '~/ui/states'
import { messages } from './messages'
import { rolesUpTo } from './users'

export function Manage({ user, close }: { user: User; close: () => void }) {
  const t = useMessages(messages)
  const me = useUser()
  const client = useQueryClient()
  const [password, setPassword] = useState('')
  const [dropTotp, setDropTotp] = useState(false)
  const [sure, setSure] = useState(false)
  const path = { id: user.id }
  const fresh = () => client.invalidateQueries({ queryKey: ['users'] })
  const change = useMutation({
    mutationFn: (body: { role?: string; disabled?: boolean }) =>
      unwrap(api.PATCH('/api/users/{id}', { params: { path }, body })),
    onSuccess: fresh,
  })
  const reset = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/users/{id}/password', { params: { path }, body: { password, ...(dropTotp && { dropTotp }) } }),
      ),
    onSuccess: () => {
      setPassword('')
      return fresh()
    },
  })
  const remove = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/users/{id}', { params: { path } })),
    onSuccess: async () => {
      await fresh()
      close()
    },
  })
  const error = change.error ?? reset.error ?? remove.error
  const roles = rolesUpTo(me?.role)
  return (
    <Dialog opened onClose={close} title={t('users.edit', { name: user.username })}>
      <Stack>
        {error && <Failure error={error} title={t('users.failed')} />}
        <Select
          label={t('users.role')}
          data={roles.some((role) => role === user.role) ? roles : [...roles, user.role]}
          value={user.role}
          onChange={(role) => role && change.mutate({ role })}
          allowDeselect={false}
        />
        <Divider />
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" c="dimmed">
            {t('users.disableText')}
          </Text>
          <Button
            variant="default"
            loading={change.isPending}
            onClick={() => change.mutate({ disabled: !user.disabled })}
          >
            {t(user.disabled ? 'users.enable' : 'users.disable')}
          </Button>
        </Group>
        <Divider />
        <form
          onSubmit={(event: FormEvent) => {
            event.preventDefault()
            reset.mutate()
          }}
        >
          <Stack gap="sm">
            {reset.isSuccess && (
              <Alert color="green" role="status">
                {t('users.resetDone')}
              </Alert>
            )}
            <PasswordInput
              label={t('users.reset')}
              description={t('users.passwordHelp')}
              required
              minLength={8}
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            {user.totp && (
              <Checkbox
                label={t('users.dropTotp')}
                checked={dropTotp}
                onChange={(event) => setDropTotp(event.currentTarget.checked)}
              />
            )}
            <Group>
              <Button type="submit" variant="default" loading={reset.isPending}>
                {t('users.reset')}
              </Button>
            </Group>
          </Stack>
        </form>
        <Divider />
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" c="dimmed">
            {t('users.removeText')}
          </Text>
          {sure ? (
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              {t('users.removeSure')}
            </Button>
          ) : (
            <Button variant="light" color="red" onClick={() => setSure(true)}>
              {t('users.remove')}
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  )
}
