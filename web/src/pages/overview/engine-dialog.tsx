import { Button, Group, Stack, Text } from '@mantine/core'
import { useMessages } from '~/i18n'
import { Dialog } from '~/ui/dialog'
import { Failure } from '~/ui/states'
import { messages } from './messages'

interface Props {
  /** Why what was asked for did not happen; without one, it asks before HAProxy is stopped. */
  error: unknown
  pending: boolean
  stop: () => void
  close: () => void
}

/** The question before HAProxy is stopped, and what went wrong with any order to it. Loaded when there is one of them. */
export default function EngineDialog({ error, pending, stop, close }: Props) {
  const t = useMessages(messages)
  return (
    <Dialog opened onClose={close} title={t(error ? 'didNot' : 'stopTitle')}>
      {error ? (
        <Failure error={error} title={t('didNot')} />
      ) : (
        <Stack>
          <Text size="sm">{t('stopText')}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button color="red" loading={pending} onClick={stop}>
              {t('stop')}
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  )
}
