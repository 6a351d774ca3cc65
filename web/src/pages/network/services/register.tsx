// The dialog that registers a service. That a name is taken is not known before the daemon says so; then, and only then, it offers
// to replace.

import {
  Alert,
  Button,
  Checkbox,
  Group,
  Input,
  SegmentedControl,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { Problem } from '~/api/problem'
import { toast } from '~/app/toasts'
import { useMessages } from '~/i18n'
import { Dialog } from '~/ui/dialog'
import { Failure } from '~/ui/states'
import { Result } from '../result'
import { bodyOf, EMPTY, type Fields, faultsOf, PROTOCOLS, type Upstream } from './form'
import { messages } from './messages'

interface Props {
  /** What the fields begin with. */
  from?: Fields
  close: () => void
  /** After it was registered. */
  done: (name: string) => void
}

export function Register({ from = EMPTY, close, done }: Props) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const [fields, setFields] = useState(from)
  const [tried, setTried] = useState(false)
  const register = useMutation({
    mutationFn: (overwrite: boolean) => unwrap(api.POST('/mesh/api/services', { body: bodyOf(fields, overwrite) })),
    onSuccess: async (said) => {
      if (!said.ok) return
      await client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith('mesh-') })
      void toast({ message: t('form.registered', { name: fields.name.trim() }), color: 'green' })
      done(fields.name.trim())
    },
  })
  const set = (part: Partial<Fields>) => {
    setFields((now) => ({ ...now, ...part }))
    register.reset()
  }
  const faults = faultsOf(fields)
  const errorOf = (field: keyof Fields) => {
    const fault = tried ? faults[field] : undefined
    return fault ? { error: t(fault) } : {}
  }
  const isTaken = register.error instanceof Problem && register.error.status === 409
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(faults).length === 0) register.mutate(false)
  }
  return (
    <Dialog opened onClose={close} title={t('register')} size="lg">
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
          <TextInput
            label={t('form.host')}
            description={t('form.hostHelp')}
            required
            autoComplete="off"
            spellCheck={false}
            placeholder="10.0.1.5:8080"
            value={fields.host}
            onChange={(event) => set({ host: event.currentTarget.value })}
            {...errorOf('host')}
          />
          <Group grow align="flex-start" preventGrowOverflow={false}>
            <Input.Wrapper label={t('form.protocol')} description={t('form.protocolHelp')} labelElement="div" miw={200}>
              <SegmentedControl
                aria-label={t('form.protocol')}
                fullWidth
                mt={5}
                data={[...PROTOCOLS]}
                value={fields.protocol}
                onChange={(protocol) => set({ protocol: protocol as Upstream })}
              />
            </Input.Wrapper>
            <TextInput
              miw={200}
              label={t('form.healthPath')}
              description={t('form.healthPathHelp')}
              required
              autoComplete="off"
              spellCheck={false}
              value={fields.healthPath}
              onChange={(event) => set({ healthPath: event.currentTarget.value })}
              {...errorOf('healthPath')}
            />
          </Group>
          <Checkbox
            label={t('form.tls')}
            description={t('form.tlsHelp')}
            checked={fields.tls}
            onChange={(event) => set({ tls: event.currentTarget.checked })}
          />
          <Checkbox
            label={t('form.direct')}
            description={t('form.directHelp')}
            checked={fields.direct}
            onChange={(event) => set({ direct: event.currentTarget.checked })}
          />
          <TagsInput
            label={t('form.tags')}
            description={t('form.tagsHelp')}
            value={fields.tags}
            onChange={(tags) => set({ tags })}
            acceptValueOnBlur
            {...errorOf('tags')}
          />
          {register.data && !register.data.ok && <Result said={register.data} />}
          {isTaken ? (
            <Alert color="yellow" title={t('form.exists', { name: fields.name.trim() })} role="alert">
              <Text size="sm">{t('form.existsText')}</Text>
            </Alert>
          ) : (
            register.error && <Failure error={register.error} />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            {isTaken ? (
              <Button color="red" loading={register.isPending} onClick={() => register.mutate(true)}>
                {t('form.replace')}
              </Button>
            ) : (
              <Button type="submit" loading={register.isPending}>
                {t('form.submit')}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
