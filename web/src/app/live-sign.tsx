import { Box } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { connection } from '~/api/live'
import { useMessages } from '~/i18n'
import { messages } from './messages'

const COLOURS = { live: 'green.7', connecting: 'gray.5', lost: 'red.7' } as const

/** Whether what is on the screen follows the daemon. */
export function LiveSign() {
  const t = useMessages(messages)
  const state = useSyncExternalStore(connection.subscribe, () => connection.state)
  const label = t(`shell.${state}`)
  return (
    <Box role="status" aria-label={label} title={label} tabIndex={0} p={6} data-connection={state}>
      <Box w={9} h={9} bg={COLOURS[state]} style={{ borderRadius: '50%' }} />
    </Box>
  )
}
