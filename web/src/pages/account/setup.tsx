import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { api, unwrap } from '~/api/client'
import { queries } from '~/api/queries'
import { useMessages } from '~/i18n'
import { Failure } from '~/ui/states'
import { FrontDoor } from './front-door'
import { messages } from './messages'

/** The daemon's own rule, told before it is broken. */
const SHORTEST = 8

export function SetupPage() {
  const t = useMessages(messages)
  const status = useQuery(queries.setup())
  if (status.data && !status.data.needsSetup) {
    return (
      <FrontDoor title={t('setup.title')}>
        <Text size="sm">{t('setup.over')}</Text>
        <Button renderRoot={(props) => <Link to="/login" {...props} />}>{t('setup.toLogin')}</Button>
      </FrontDoor>
    )
  }
  return (
    <FrontDoor title={t('setup.title')} text={t('setup.text')}>
      <Form />
    </FrontDoor>
  )
}

function Form() {
  const t = useMessages(messages)
  const client = useQueryClient()
  const navigate = useNavigate()
  const { token = '' } = useSearch({ from: '/setup-admin' })
  const form = useForm({
    initialValues: { token, username: '', password: '', repeat: '' },
    validate: {
      password: (value) => (value.length < SHORTEST ? t('setup.short') : null),
      repeat: (value, { password }) => (value !== password ? t('setup.differs') : null),
    },
  })
  const setup = useMutation({
    mutationFn: ({ token, username, password }: typeof form.values) =>
      unwrap(api.POST('/api/setup/complete', { body: { token: token.trim(), username, password } })),
    onSuccess: async () => {
      await client.refetchQueries({ queryKey: ['whoami'] })
      await client.invalidateQueries({ queryKey: ['setup'] })
      await navigate({ to: '/welcome' })
    },
  })
  return (
    <form onSubmit={form.onSubmit((values) => setup.mutate(values))}>
      <Stack>
        {setup.error && <Failure error={setup.error} title={t('setup.failed')} />}
        {token === '' && (
          <TextInput
            label={t('setup.token')}
            description={t('setup.tokenHelp')}
            required
            autoComplete="off"
            spellCheck={false}
            classNames={{ input: 'mono' }}
            {...form.getInputProps('token')}
          />
        )}
        <TextInput
          label={t('setup.username')}
          autoComplete="username"
          autoFocus
          required
          {...form.getInputProps('username')}
        />
        <PasswordInput
          label={t('setup.password')}
          description={t('setup.passwordHelp')}
          autoComplete="new-password"
          required
          {...form.getInputProps('password')}
        />
        <PasswordInput
          label={t('setup.repeat')}
          autoComplete="new-password"
          required
          {...form.getInputProps('repeat')}
        />
        <Button type="submit" size="sm" loading={setup.isPending}>
          {t('setup.submit')}
        </Button>
      </Stack>
    </form>
  )
}
