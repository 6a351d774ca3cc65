import { Button, Stack } from '@mantine/core'
import { IconMapOff } from '@tabler/icons-react'
import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { useMessages } from '~/i18n'
import { Empty, Failure } from '~/ui/states'
import { messages } from './messages'

export function NotFound() {
  const t = useMessages(messages)
  return (
    <Empty
      icon={<IconMapOff size={36} stroke={1.4} />}
      title={t('failure.notFound')}
      action={
        <Button component={Link} to="/">
          {t('failure.home')}
        </Button>
      }
    >
      {t('failure.notFoundText')}
    </Empty>
  )
}

/** A page that threw. The rest of the app goes on. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  const t = useMessages(messages)
  return (
    <Stack p="md">
      <Failure error={error} title={t('failure.broken')} retry={reset} />
    </Stack>
  )
}
