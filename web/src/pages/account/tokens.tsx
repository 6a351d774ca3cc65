// API tokens: made with a name, shown once, revoked.

import { Alert, Button, Code, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { queries } from '~/api/queries'
import type { ApiToken } from '~/api/schema'
import { useMay } from '~/app/session'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Copy } from '~/ui/copy'
import { DataTable } from '~/ui/data-table'
import { Dialog } from '~/ui/dialog'
import { Ago, Mono } from '~/ui/small'
import { Empty, Failure, Loaded } from '~/ui/states'
import { messages } from './messages'

export function Tokens() {
  const t = useMessages(messages)
  const may = useMay('identity:tokens:write')
  const tokens = useQuery(queries.tokens())
  const [creating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<ApiToken | null>(null)
  const add = may && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
      {t('tokens.add')}
    </Button>
  )
  return (
    <Card title={t('tokens.title')} action={add}>
      <Text size="sm" c="dimmed" mb="sm">
        {t('tokens.text')}
      </Text>
      <Loaded query={tokens}>
        {({ tokens }) => (
          <DataTable
            label={t('tokens.title')}
            rows={tokens}
            rowId={(token) => token.keyId}
            columns={[
              { id: 'name', header: t('tokens.name'), value: (token) => token.name },
              { id: 'keyId', header: t('tokens.keyId'), value: (token) => token.keyId, mono: true, width: '130px' },
              {
                id: 'createdAt',
                header: t('tokens.createdAt'),
                value: (token) => token.createdAt,
                render: (token) => <Ago at={token.createdAt} />,
              },
              {
                id: 'lastUsedAt',
                header: t('tokens.lastUsed'),
                value: (token) => token.lastUsedAt,
                render: (token) => (token.lastUsedAt ? <Ago at={token.lastUsedAt} /> : t('tokens.unused')),
              },
              {
                id: 'expiresAt',
                header: t('tokens.expiry'),
                value: (token) => token.expiresAt,
                render: (token) => (token.expiresAt ? <Ago at={token.expiresAt} /> : t('tokens.never')),
              },
            ]}
            {...(may && {
              actions: (token: ApiToken) => (
                <Button
                  variant="subtle"
                  color="red"
                  aria-label={t('tokens.revokeNamed', { name: token.name })}
                  onClick={() => setRevoking(token)}
                >
                  {t('tokens.revoke')}
                </Button>
              ),
            })}
            empty={
              <Empty icon={<IconKey size={30} stroke={1.4} />} title={t('tokens.empty')}>
                {t('tokens.emptyText')}
              </Empty>
            }
          />
        )}
      </Loaded>
      {creating && <Create close={() => setCreating(false)} />}
      {revoking && <Revoke token={revoking} close={() => setRevoking(null)} />}
    </Card>
  )
}

const DAYS = [30, 90, 365]

function Create({ close }: { close: () => void }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [days, setDays] = useState<string | null>(null)
  const create = useMutation({
    mutationFn: () => {
      const expiresAt = days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : undefined
      return unwrap(api.POST('/api/api-tokens', { body: { name: name.trim(), ...(expiresAt && { expiresAt }) } }))
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  if (create.data) {
    return (
      <Dialog
        opened
        onClose={close}
        title={t('tokens.created')}
        closeOnClickOutside={false}
        closeOnEscape={false}
        size="lg"
      >
        <Stack>
          <Alert color="yellow">{t('tokens.once')}</Alert>
          <Group gap="xs" wrap="nowrap">
            <Code block style={{ flex: 1, overflowWrap: 'anywhere' }} data-testid="wire">
              {create.data.wire}
            </Code>
            <Copy value={create.data.wire} label={t('tokens.copy')} />
          </Group>
          <Group justify="flex-end">
            <Button onClick={close}>{t('tokens.done')}</Button>
          </Group>
        </Stack>
      </Dialog>
    )
  }
  return (
    <Dialog opened onClose={close} title={t('tokens.add')}>
      <form onSubmit={submit}>
        <Stack>
          {create.error && <Failure error={create.error} title={t('profile.failed')} />}
          <TextInput
            label={t('tokens.name')}
            description={t('tokens.nameHelp')}
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t('tokens.expiry')}
            placeholder={t('tokens.never')}
            data={DAYS.map((count) => ({ value: String(count), label: t('tokens.days', { count }) }))}
            value={days}
            onChange={setDays}
            clearable
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t('tokens.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

function Revoke({ token, close }: { token: ApiToken; close: () => void }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/api-tokens/{keyId}', { params: { path: { keyId: token.keyId } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['tokens'] })
      close()
    },
  })
  return (
    <Dialog opened onClose={close} title={t('tokens.revokeTitle')}>
      <Stack>
        {revoke.error && <Failure error={revoke.error} title={t('profile.failed')} />}
        <Text size="sm">{t('tokens.revokeText', { name: token.name })}</Text>
        <Mono>{token.keyId}</Mono>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('cancel')}
          </Button>
          <Button color="red" loading={revoke.isPending} onClick={() => revoke.mutate()}>
            {t('tokens.revoke')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
