// The dialog that adds a machine. What it says at the end is the host key that was pinned, for the user to compare.

import {
  Button,
  Group,
  Input,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import { useMessages } from '~/i18n'
import { Dialog } from '~/ui/dialog'
import { Failure, Loaded } from '~/ui/states'
import { Command } from '../command'
import { Result } from '../result'
import { bodyOf, EMPTY, type Fields, faultsOf, WAYS, type Way } from './form'
import { messages } from './messages'

export function Add({ close }: { close: () => void }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const [fields, setFields] = useState(EMPTY)
  const [tried, setTried] = useState(false)
  const add = useMutation({
    mutationFn: () => unwrap(api.POST('/mesh/api/servers', { body: bodyOf(fields) })),
    onSuccess: (said) => {
      if (!said.ok) return
      for (const key of ['mesh-servers', 'mesh-containers', 'mesh-status']) {
        void client.invalidateQueries({ queryKey: [key] })
      }
    },
  })
  const set = (part: Partial<Fields>) => {
    setFields((now) => ({ ...now, ...part }))
    add.reset()
  }
  const faults = faultsOf(fields)
  const errorOf = (field: keyof Fields) => {
    const fault = tried ? faults[field] : undefined
    return fault ? { error: t(fault) } : {}
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(faults).length === 0) add.mutate()
  }
  if (add.data?.ok) {
    return (
      <Dialog opened onClose={close} title={t('add')} size="lg">
        <Stack>
          <Result said={add.data} />
          <Text size="sm">{t('form.compare')}</Text>
          <Group justify="flex-end">
            <Button onClick={close}>{t('form.close')}</Button>
          </Group>
        </Stack>
      </Dialog>
    )
  }
  return (
    <Dialog opened onClose={close} title={t('add')} size="lg">
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('form.name')}
            description={t('form.nameHelp')}
            required
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            value={fields.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            {...errorOf('name')}
          />
          <Group align="flex-start" grow preventGrowOverflow={false}>
            <TextInput
              miw={200}
              label={t('form.host')}
              required
              autoComplete="off"
              spellCheck={false}
              value={fields.host}
              onChange={(event) => set({ host: event.currentTarget.value })}
              {...errorOf('host')}
            />
            <NumberInput
              maw={120}
              label={t('form.port')}
              required
              min={1}
              max={65_535}
              hideControls
              value={fields.port}
              onChange={(port) => set({ port })}
              {...errorOf('port')}
            />
            <TextInput
              miw={140}
              label={t('form.user')}
              required
              autoComplete="off"
              spellCheck={false}
              value={fields.user}
              onChange={(event) => set({ user: event.currentTarget.value })}
              {...errorOf('user')}
            />
          </Group>
          <SignIn fields={fields} set={set} errorOf={errorOf} />
          <TextInput
            label={t('form.socket')}
            description={t('form.socketHelp')}
            autoComplete="off"
            spellCheck={false}
            placeholder="/var/run/docker.sock"
            value={fields.dockerSocket}
            onChange={(event) => set({ dockerSocket: event.currentTarget.value })}
            {...errorOf('dockerSocket')}
          />
          {add.data && <Result said={add.data} />}
          {add.error && <Failure error={add.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={add.isPending}>
              {t('form.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

interface SignInProps {
  fields: Fields
  set: (part: Partial<Fields>) => void
  errorOf: (field: keyof Fields) => { error?: string }
}

function SignIn({ fields, set, errorOf }: SignInProps) {
  const t = useMessages(messages)
  const key = useQuery({ ...mesh.ownKey(), enabled: fields.way === 'own' })
  return (
    <Stack gap="xs">
      <Input.Wrapper label={t('form.way')} labelElement="div">
        <SegmentedControl
          aria-label={t('form.way')}
          fullWidth
          mt={5}
          data={WAYS.map((value) => ({ value, label: t(`way.${value}`) }))}
          value={fields.way}
          onChange={(way) => set({ way: way as Way })}
        />
      </Input.Wrapper>
      {fields.way === 'own' && (
        <>
          <Text size="sm" c="dimmed">
            {t('way.ownHelp')}
          </Text>
          <Loaded query={key}>{({ public_key }) => <Command text={public_key.trim()} label={t('copyKey')} />}</Loaded>
        </>
      )}
      {fields.way === 'key' && (
        <Textarea
          label={t('form.key')}
          description={t('form.keyHelp')}
          required
          autosize
          minRows={4}
          maxRows={8}
          autoComplete="off"
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          value={fields.privateKey}
          onChange={(event) => set({ privateKey: event.currentTarget.value })}
          {...errorOf('privateKey')}
        />
      )}
      {fields.way === 'password' && (
        <PasswordInput
          label={t('form.password')}
          required
          autoComplete="new-password"
          value={fields.password}
          onChange={(event) => set({ password: event.currentTarget.value })}
          {...errorOf('password')}
        />
      )}
    </Stack>
  )
}
