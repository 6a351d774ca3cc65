import { Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '~/api/client'
import { Problem } from '~/api/problem'
import { useMessages } from '~/i18n'
import { Failure } from '~/ui/states'
import { FrontDoor } from './front-door'
import { messages } from './messages'

/** Where to go after signing in: a page of ours, and nothing that a link from elsewhere could make of it. */
export function wayBack(wanted: string | undefined): string {
  return wanted && /^\/(?![/\\])/.test(wanted) ? wanted : '/'
}

export function LoginPage() {
  const t = useMessages(messages)
  const client = useQueryClient()
  const navigate = useNavigate()
  const { return: back } = useSearch({ from: '/login' })
  const form = useForm({ initialValues: { username: '', password: '', totp: '' } })
  const [needsCode, setNeedsCode] = useState(false)
  const login = useMutation({
    mutationFn: ({ username, password, totp }: typeof form.values) =>
      unwrap(
        api.POST('/api/auth/login', { body: { username, password, ...(totp && { totp: totp.replace(/\s/g, '') }) } }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['whoami'] })
      await client.refetchQueries({ queryKey: ['whoami'] })
      await navigate({ href: wayBack(back) })
    },
    onError: (error) => {
      if (error instanceof Problem && error.code.startsWith('auth.totp.')) setNeedsCode(true)
    },
  })
  // Being asked for the code is a step of signing in and no failure.
  const failed = login.error && !(login.error instanceof Problem && login.error.code === 'auth.totp.required')
  return (
    <FrontDoor title={t('login.title')}>
      <form onSubmit={form.onSubmit((values) => login.mutate(values))}>
        <Stack>
          {failed && <Failure error={login.error} title={t('login.failed')} />}
          <TextInput
            label={t('login.username')}
            autoComplete="username"
            autoFocus
            required
            {...form.getInputProps('username')}
          />
          <PasswordInput
            label={t('login.password')}
            autoComplete="current-password"
            required
            {...form.getInputProps('password')}
          />
          {needsCode && (
            <TextInput
              label={t('login.totp')}
              description={t('login.totpHelp')}
              autoComplete="one-time-code"
              inputMode="numeric"
              autoFocus
              required
              {...form.getInputProps('totp')}
            />
          )}
          <Button type="submit" size="sm" loading={login.isPending}>
            {t('login.submit')}
          </Button>
        </Stack>
      </form>
    </FrontDoor>
  )
}
