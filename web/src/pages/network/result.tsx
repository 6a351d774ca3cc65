// What an operation said. `ok: false` is an answer too: its text tells what to do.

import { Alert, Code } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react'
import { useMessages } from '~/i18n'
import { messages } from './messages'
import classes from './network.module.css'

export interface Said {
  ok: boolean
  message: string
  stdout?: string
  stderr?: string
  error?: string | null
}

export function Result({ said, close }: { said: Said; close?: () => void }) {
  const t = useMessages(messages)
  const text = (said.ok ? said.stdout : said.stderr)?.trim()
  return (
    <Alert
      color={said.ok ? 'green' : 'red'}
      icon={said.ok ? <IconCircleCheck size={18} /> : <IconAlertTriangle size={18} />}
      title={said.ok ? t('result.done') : (said.error ?? t('result.notDone'))}
      role={said.ok ? 'status' : 'alert'}
      {...(close && { withCloseButton: true, onClose: close, closeButtonLabel: t('result.close') })}
    >
      {said.message}
      {text && text !== said.message && (
        <Code block mt="xs" className={classes.output ?? ''} tabIndex={0}>
          {text}
        </Code>
      )}
    </Alert>
  )
}
