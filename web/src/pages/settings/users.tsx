import { Button, Group, PasswordInput, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { IconPlus, IconUsers } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useMemo, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { queries } from '~/api/queries'
import type { User } from '~/api/schema'
import { useMay, useUser } from '~/app/session'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { type Column, DataTable } from '~/ui/data-table'
import { Dialog } from '~/ui/dialog'
import { Page } from '~/ui/page'
import { Ago, Mono, State, Tag } from '~/ui/small'
import { Empty, Failure, Loaded } from '~/ui/states'
import { Manage } from './manage-user'
import { messages } from './messages'

/** Lowest first. */
export const ROLES = ['customer', 'viewer', 'moderator', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

/** The roles that somebody with this one may give. */
export function rolesUpTo(role: string | undefined): Role[] {
  return ROLES.slice(0, ROLES.indexOf(role as Role) + 1)
}

export function UsersPage() {
  const t = useMessages(messages)
  const may = useMay('identity:users:write')
  const me = useUser()
  const users = useQuery(queries.users())
  const [creating, setCreating] = useState(false)
  const [managed, setManaged] = useState<string | null>(null)
  const columns = useMemo<Column<User>[]>(
    () => [
      {
        id: 'username',
        header: t('users.name'),
        value: (user) => user.username,
        render: (user) => (
          <Group gap={6} wrap="nowrap">
            <Mono>{user.username}</Mono>
            {user.id === me?.id && <Tag>{t('users.you')}</Tag>}
          </Group>
        ),
      },
      { id: 'role', header: t('users.role'), value: (user) => user.role, width: '120px' },
      {
        id: 'state',
        header: t('users.state'),
        width: '130px',
        value: (user) => (user.disabled ? t('users.disabled') : t('users.active')),
        render: (user) => (
          <State is={user.disabled ? 'idle' : 'good'}>{t(user.disabled ? 'users.disabled' : 'users.active')}</State>
        ),
      },
      { id: 'totp', header: t('users.totp'), width: '130px', value: (user) => t(user.totp ? 'users.on' : 'users.off') },
      {
        id: 'lastLoginAt',
        header: t('users.lastLogin'),
        value: (user) => user.lastLoginAt,
        render: (user) => (user.lastLoginAt ? <Ago at={user.lastLoginAt} /> : t('users.never')),
      },
    ],
    [t, me],
  )
  return (
    <Page
      title={t('users.title')}
      description={t('users.description')}
      actions={
        may && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
            {t('users.add')}
          </Button>
        )
      }
    >
      <Loaded query={users}>
        {({ users }) => {
          const user = users.find((each) => each.id === managed)
          return (
            <>
              <DataTable
                label={t('users.title')}
                rows={users}
                rowId={(user) => user.id}
                columns={columns}
                actionsWidth="124px"
                empty={<Empty icon={<IconUsers size={30} stroke={1.4} />} title={t('users.title')} />}
                {...(may && {
                  actions: (user: User) => (
                    <Button
                      variant="subtle"
                      aria-label={t('users.edit', { name: user.username })}
                      onClick={() => setManaged(user.id)}
                    >
                      {t('users.manage')}
                    </Button>
                  ),
                })}
              />
              {user && <Manage key={user.id} user={user} close={() => setManaged(null)} />}
            </>
          )
        }}
      </Loaded>
      <Card title={t('users.roles')}>
        <Table>
          <Table.Tbody>
            {ROLES.map((role) => (
              <Table.Tr key={role}>
                <Table.Th scope="row" w={130}>
                  {role}
                </Table.Th>
                <Table.Td>{t(`role.${role}`)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Text size="sm" c="dimmed" mt="sm">
          {t('users.rules')}
        </Text>
      </Card>
      {creating && <Create close={() => setCreating(false)} />}
    </Page>
  )
}

function Create({ close }: { close: () => void }) {
  const t = useMessages(messages)
  const me = useUser()
  const client = useQueryClient()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<string>('viewer')
  const create = useMutation({
    mutationFn: () => unwrap(api.POST('/api/users', { body: { username, password, role } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['users'] })
      close()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  return (
    <Dialog opened onClose={close} title={t('users.add')}>
      <form onSubmit={submit}>
        <Stack>
          {create.error && <Failure error={create.error} title={t('users.failed')} />}
          <TextInput
            label={t('users.name')}
            required
            data-autofocus
            autoComplete="off"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <Select
            label={t('users.role')}
            data={rolesUpTo(me?.role)}
            value={role}
            onChange={(next) => setRole(next ?? 'viewer')}
            allowDeselect={false}
            required
          />
          <PasswordInput
            label={t('users.password')}
            description={t('users.passwordHelp')}
            required
            minLength={8}
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t('users.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
