// A machine that shows another host key than the pinned one: it was set up anew, or somebody stands in its place. Which of the two
// only a person can find out, so the key is taken only after the machine's name was typed.

import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, unwrap } from '~/api/client'
import type { Machine } from '~/api/schema'
import { toast } from '~/app/toasts'
import { useMessages } from '~/i18n'
import { Facts } from '~/ui/card'
import { Dialog } from '~/ui/dialog'
import { Mono } from '~/ui/small'
import { Failure } from '~/ui/states'
import { Command } from '../command'
import { Result } from '../result'
import { messages } from './messages'

export function TrustKey({ machine, offered, close }: { machine: Machine; offered: string; close: () => void }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const trust = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/mesh/api/servers/{name}/trust', {
          params: { path: { name: machine.name } },
          body: { fingerprint: offered },
        }),
      ),
    onSuccess: async (said) => {
      if (!said.ok) return
      await client.invalidateQueries({ queryKey: ['mesh-servers'] })
      void toast({ message: said.message, color: 'green' })
      close()
    },
  })
  const isSure = typed.trim() === machine.name
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isSure) trust.mutate()
  }
  return (
    <Dialog opened onClose={close} size="lg" title={t('trust.title', { name: machine.name })}>
      <form onSubmit={submit}>
        <Stack>
          <Alert color="red" icon={<IconAlertTriangle size={18} />}>
            {t('trust.text')}
          </Alert>
          <Facts
            facts={[
              [t('trust.pinned'), <Mono key="pinned">{machine.host_key ?? '–'}</Mono>],
              [t('trust.offered'), <Mono key="offered">{offered}</Mono>],
            ]}
          />
          <Stack gap={4}>
            <Text size="sm">{t('trust.compare')}</Text>
            <Command
              text="for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done"
              label={t('trust.copy')}
            />
          </Stack>
          {trust.data && !trust.data.ok && <Result said={trust.data} />}
          {trust.error && <Failure error={trust.error} />}
          <TextInput
            label={t('trust.type', { name: machine.name })}
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" color="red" disabled={!isSure} loading={trust.isPending}>
              {t('trust.verb')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
