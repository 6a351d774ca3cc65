// The API reference, from the daemon's own OpenAPI document, so it is of exactly this version.

import { Accordion, Anchor, Badge, Code, Group, List, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo, useState } from 'react'
import { queries } from '~/api/queries'
import { useMessages } from '~/i18n'
import { Copy } from '~/ui/copy'
import { Page } from '~/ui/page'
import { Loaded } from '~/ui/states'
import { messages } from './messages'
import { curlOf, type Operation, operationsOf } from './operations'

const COLOURS: Readonly<Record<string, string>> = {
  GET: 'blue',
  POST: 'green',
  PUT: 'yellow',
  PATCH: 'grape',
  DELETE: 'red',
}

export function ReferencePage() {
  const t = useMessages(messages)
  const document = useQuery(queries.openapi())
  return (
    <Page
      title={t('reference.title')}
      description={t('reference.description')}
      actions={
        <Anchor size="sm" href="/api/openapi.json" target="_blank" rel="noreferrer">
          {t('reference.raw')}
        </Anchor>
      }
    >
      <Loaded query={document}>{(document) => <Operations document={document} />}</Loaded>
    </Page>
  )
}

function Operations({ document }: { document: unknown }) {
  const t = useMessages(messages)
  const [find, setFind] = useState('')
  const wanted = useDeferredValue(find.trim().toLowerCase())
  const operations = useMemo(() => operationsOf(document), [document])
  const groups = useMemo(() => {
    const byTag = new Map<string, Operation[]>()
    for (const operation of operations) {
      const text = `${operation.method} ${operation.path} ${operation.summary} ${operation.tag}`.toLowerCase()
      if (text.includes(wanted)) byTag.set(operation.tag, [...(byTag.get(operation.tag) ?? []), operation])
    }
    return [...byTag]
  }, [operations, wanted])
  return (
    <Stack gap="lg">
      <TextInput
        value={find}
        onChange={(event) => setFind(event.currentTarget.value)}
        placeholder={t('reference.search')}
        aria-label={t('reference.search')}
        leftSection={<IconSearch size={15} aria-hidden />}
        maw={420}
      />
      {groups.length === 0 && <Text c="dimmed">{t('reference.none')}</Text>}
      {groups.map(([tag, operations]) => (
        <section key={tag} aria-label={tag}>
          <Title order={2} mb="xs">
            {tag}
          </Title>
          <Accordion variant="separated" keepMounted={false} order={3}>
            {operations.map((operation) => (
              <Accordion.Item key={operation.id} value={operation.id}>
                <Accordion.Control>
                  <Group gap="sm">
                    <Badge variant="light" color={COLOURS[operation.method] ?? 'gray'} w={72} autoContrast>
                      {operation.method}
                    </Badge>
                    <Text size="sm" className="mono" fw={600} span>
                      {operation.path}
                    </Text>
                    <Text size="sm" c="dimmed" span>
                      {operation.summary}
                    </Text>
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>
                  <Details operation={operation} />
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        </section>
      ))}
    </Stack>
  )
}

function Details({ operation }: { operation: Operation }) {
  const t = useMessages(messages)
  const curl = curlOf(operation, window.location.origin)
  return (
    <Stack gap="md">
      {operation.description && <Text size="sm">{operation.description}</Text>}
      {operation.parameters.length > 0 && (
        <Part title={t('reference.parameters')}>
          {operation.parameters.map((parameter) => (
            <List.Item key={`${parameter.in}/${parameter.name}`}>
              <Code>{parameter.name}</Code>{' '}
              {`(${parameter.in}${parameter.required ? `, ${t('reference.required')}` : ''})`} {parameter.description}
            </List.Item>
          ))}
        </Part>
      )}
      {operation.bodies.length > 0 && (
        <Part title={t('reference.body')}>
          {operation.bodies.map((body) => (
            <List.Item key={body.type}>
              <Code>{body.type}</Code> {body.schema}
            </List.Item>
          ))}
        </Part>
      )}
      <Part title={t('reference.answers')}>
        {operation.answers.map((answer) => (
          <List.Item key={answer.status}>
            <Code>{answer.status}</Code> {answer.description}
          </List.Item>
        ))}
      </Part>
      <div>
        <Group gap={6}>
          <Title order={4} fz="sm">
            {t('reference.curl')}
          </Title>
          <Copy value={curl} label={t('reference.copy')} />
        </Group>
        <Code block>{curl}</Code>
      </div>
    </Stack>
  )
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div>
      <Title order={4} fz="sm" mb={4}>
        {title}
      </Title>
      <List size="sm" spacing={4}>
        {children}
      </List>
    </div>
  )
}
