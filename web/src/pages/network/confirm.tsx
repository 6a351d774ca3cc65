// The question before what cannot be undone by itself, and what came of it.

import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useMessages } from '~/i18n'
import { Dialog } from '~/ui/dialog'
import { Failure } from '~/ui/states'
import { messages } from './messages'
import { Result, type Said } from './result'

interface Props {
  title: string
  children: ReactNode
  /** The word on the button that does it. */
  verb: string
  act: () => Promise<Said>
  /** After it was done. */
  done: (said: Said) => void
  close: () => void
  isHarmless?: boolean
}

export function Confirm({ title, children, verb, act, done, close, isHarmless = false }: Props) {
  const t = useMessages(messages)
  const run = useMutation({
    mutationFn: act,
    onSuccess: (said) => {
      if (said.ok) done(said)
    },
  })
  return (
    <Dialog opened onClose={close} title={title}>
      <Stack>
        {run.error && <Failure error={run.error} title={t('result.notDone')} />}
        {run.data && !run.data.ok && <Result said={run.data} />}
        <Text size="sm" component="div">
          {children}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('cancel')}
          </Button>
          <Button {...(!isHarmless && { color: 'red' })} loading={run.isPending} onClick={() => run.mutate()}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
