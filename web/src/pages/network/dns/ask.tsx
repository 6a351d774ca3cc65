// One name, what is answered for it, and why. The name is in the address of the page, so an answer can be sent to a colleague.

import { Button, Code, Group, Loader, Stack, Text, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { mesh } from '~/api/mesh'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Mono, State } from '~/ui/small'
import { Failure } from '~/ui/states'
import { messages } from './messages'

export function Ask({ name, ask }: { name: string | undefined; ask: (name: string) => void }) {
  const t = useMessages(messages)
  const [text, setText] = useState(name ?? '')
  // Going back shows the name that was asked for there.
  const [shown, setShown] = useState(name)
  if (name !== shown) {
    setShown(name)
    setText(name ?? '')
  }
  const query = useQuery({ ...mesh.resolved(name ?? ''), enabled: name !== undefined })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const next = text.trim()
    if (next === '') return
    if (next === name) void query.refetch()
    else ask(next)
  }
  return (
    <Card title={t('ask')}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t('askText')}
          </Text>
          <Group gap="xs" wrap="nowrap">
            <TextInput
              aria-label={t('find')}
              placeholder={t('find')}
              leftSection={<IconSearch size={15} aria-hidden />}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              maxLength={253}
              flex={1}
              maw={420}
            />
            <Button type="submit" size="sm" variant="default" loading={query.isFetching && name !== undefined}>
              {t('submit')}
            </Button>
          </Group>
          <div aria-live="polite">
            {name !== undefined &&
              (query.error ? (
                <Failure error={query.error} title={t('failed')} />
              ) : query.data ? (
                <Answer {...query.data} />
              ) : (
                <Loader size="sm" />
              ))}
          </div>
        </Stack>
      </form>
    </Card>
  )
}

interface AnswerProps {
  answer: { ok: boolean; output: string; addresses: string[] }
  reason: { ok: boolean; text: string; name: string; points_to?: string | null }
}

function Answer({ answer, reason }: AnswerProps) {
  const t = useMessages(messages)
  const backward = reason.points_to
  return (
    <Stack gap="xs">
      <Group gap="sm" align="baseline" fz="sm">
        <State is={answer.ok || backward ? 'good' : 'look'}>
          {answer.ok ? answer.addresses.join(', ') : backward ? `${t('pointsTo')} ${backward}` : t('noAddress')}
        </State>
        <Mono>{reason.name}</Mono>
      </Group>
      <Text size="sm">
        <Text span fw={600} size="sm">
          {t('why')}
          {': '}
        </Text>
        <span lang="en">{reason.text}</span>
      </Text>
      <Code block tabIndex={0} style={{ whiteSpace: 'pre-wrap' }}>
        {answer.output.trimEnd()}
      </Code>
    </Stack>
  )
}
