import { Button, Center, Paper, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { api, unwrap } from '~/api/client'
import { Problem } from '~/api/problem'
import { useMessages } from '~/i18n'
import { Failure } from '~/ui/states'
import { messages } from './messages'

export function LoginPage() {
  const t = useMessages(messages)
  const client = useQueryClient()
  const navigate = useNavigate()
  const { return: back } = useSearch({ from: '/login' })
  const form = useForm({ initialValues: { username: '', password: '', totp: '' } })
  const login = useMutation({
    mutationFn: ({ username, password, totp }: typeof form.values) =>
      unwrap(api.POST('/api/auth/login', { body: { username, password, ...(totp && { totp }) } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['whoami'] })
      await navigate({ to: back?.startsWith('/') && !back.startsWith('//') ? back : '/' })
    },
  })
  const code = login.error instanceof Problem ? login.error.code : ''
  return (
    <Center mih="100dvh" p="md">
      <Paper w="100%" maw={380} p="xl">
        <form onSubmit={form.onSubmit((values) => login.mutate(values))}>
          <Stack>
            <Title order={1}>{t('login.title')}</Title>
            {login.error && <Failure error={login.error} title={t('login.title')} />}
            <TextInput
              label={t('login.username')}
              autoComplete="username"
              required
              {...form.getInputProps('username')}
            />
            <PasswordInput
              label={t('login.password')}
              autoComplete="current-password"
              required
              {...form.getInputProps('password')}
            />
            {(code.includes('totp') || form.values.totp) && (
              <TextInput
                label={t('login.totp')}
                autoComplete="one-time-code"
                inputMode="numeric"
                {...form.getInputProps('totp')}
              />
            )}
            <Button type="submit" size="sm" loading={login.isPending}>
              {t('login.submit')}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  )
}
