// Setting up and turning off the second factor (TOTP, RFC 6238).

import { Alert, Button, Center, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, lazy, Suspense, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { Problem } from '~/api/problem'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Copy } from '~/ui/copy'
import { Mono } from '~/ui/small'
import { Failure, Pending } from '~/ui/states'
import { messages } from './messages'

const QrCode = lazy(() => import('./qr-code'))

export function SecondFactor() {
  const t = useMessages(messages)
  const [code, setCode] = useState('')
  const [password, setPassword] = useState('')
  const enrol = useMutation({ mutationFn: () => unwrap(api.POST('/api/auth/totp/enrol')) })
  const confirm = useMutation({
    mutationFn: () => unwrap(api.POST('/api/auth/totp/confirm', { body: { code: code.replace(/\s/g, '') } })),
    onSuccess: () => enrol.reset(),
  })
  const disable = useMutation({
    mutationFn: () => unwrap(api.POST('/api/auth/totp/disable', { body: { password } })),
    onSuccess: () => {
      enrol.reset()
      confirm.reset()
      setPassword('')
    },
  })
  const submit = (go: () => void) => (event: FormEvent) => {
    event.preventDefault()
    go()
  }
  // The daemon says so when there is one already.
  const already = enrol.error instanceof Problem && enrol.error.status === 409
  const isOn = already || (confirm.isSuccess && !disable.isSuccess)
  return (
    <Card title={t('profile.totp')}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('profile.totpText')}
        </Text>
        {confirm.isSuccess && (
          <Alert color="green" role="status">
            {t('profile.totpOn')}
          </Alert>
        )}
        {disable.isSuccess && (
          <Alert color="blue" role="status">
            {t('profile.totpOff')}
          </Alert>
        )}
        {enrol.error && !already && <Failure error={enrol.error} title={t('profile.failed')} />}
        {isOn ? (
          <form onSubmit={submit(() => disable.mutate())}>
            <Stack gap="sm">
              {already && <Text size="sm">{t('profile.totpAlready')}</Text>}
              {disable.error && <Failure error={disable.error} title={t('profile.failed')} />}
              <PasswordInput
                label={t('profile.totpPassword')}
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
              <Group>
                <Button type="submit" variant="light" color="red" loading={disable.isPending}>
                  {t('profile.totpDisable')}
                </Button>
              </Group>
            </Stack>
          </form>
        ) : enrol.data ? (
          <form onSubmit={submit(() => confirm.mutate())}>
            <Stack gap="sm">
              <Text size="sm">{t('profile.totpScan')}</Text>
              <Center>
                <Suspense fallback={<Pending />}>
                  <QrCode text={enrol.data.url} label={t('profile.totpQr')} />
                </Suspense>
              </Center>
              <Group gap={6}>
                <Text size="sm" c="dimmed">
                  {t('profile.totpSecret')}
                </Text>
                <Mono>{enrol.data.secret}</Mono>
                <Copy value={enrol.data.secret} />
              </Group>
              {confirm.error && <Failure error={confirm.error} title={t('profile.failed')} />}
              <TextInput
                label={t('profile.totpCode')}
                inputMode="numeric"
                autoComplete="one-time-code"
                required
                value={code}
                onChange={(event) => setCode(event.currentTarget.value)}
              />
              <Group>
                <Button type="submit" loading={confirm.isPending}>
                  {t('profile.totpConfirm')}
                </Button>
              </Group>
            </Stack>
          </form>
        ) : (
          <Group>
            <Button variant="default" loading={enrol.isPending} onClick={() => enrol.mutate()}>
              {t('profile.totpSetUp')}
            </Button>
          </Group>
        )}
      </Stack>
    </Card>
  )
}
