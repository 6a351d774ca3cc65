// Why a change was not applied or cannot be: the document's own problems, or HAProxy's words and what they mean.

import { Accordion, Alert, Anchor, Code, Group, List, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconArrowRight } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { type Hint, type Issue, Problem } from '~/api/problem'
import type { Document } from '~/api/schema'
import { useDocument } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { Failure } from '~/ui/states'
import { messages } from './messages'
import { entityPlace, type Place, placeOf } from './where'

/** Lists are long where a document was pasted; the first ones are what a person works on. */
const SHOWN = 50

export function Refusal({ error }: { error: unknown }) {
  const t = useMessages(messages)
  const document = useDocument()
  if (!(error instanceof Problem)) return <Failure error={error} title={t('failed')} />
  if (error.issues.length > 0) return <Issues issues={error.issues} document={document} />
  if (error.status === 502) return <Engine problem={error} document={document} />
  return <Failure error={error} title={t('failed')} />
}

function Issues({ issues, document }: { issues: Issue[]; document: Document | null }) {
  const t = useMessages(messages)
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle size={18} />}
      title={t('issuesTitle', { count: issues.length })}
      role="alert"
    >
      <Text size="sm" mb="xs">
        {t('issuesText')}
      </Text>
      <List size="sm" spacing={6}>
        {issues.slice(0, SHOWN).map((issue) => (
          <List.Item key={`${issue.path.join('/')}:${issue.message}`}>
            <Text size="sm">{issue.message}</Text>
            <GoTo place={placeOf(issue.path, document)} what={issue.path.join(' › ')} />
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

function Engine({ problem, document }: { problem: Problem; document: Document | null }) {
  const t = useMessages(messages)
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} title={t('refusedTitle')} role="alert">
      <Stack gap="sm">
        <Text size="sm">
          {problem.message} {t('refusedText')}
        </Text>
        {problem.hints.length > 0 && (
          <List size="sm" spacing={8} aria-label={t('hints')}>
            {problem.hints.slice(0, SHOWN).map((hint) => (
              <List.Item key={`${hint.line}:${hint.raw}`}>
                <Text size="sm">{hint.message}</Text>
                <Group gap="xs">
                  <HintLink hint={hint} document={document} />
                  {typeof hint.line === 'number' && (
                    <Text size="xs" c="dimmed">
                      {t('line', { count: hint.line })}
                    </Text>
                  )}
                </Group>
              </List.Item>
            ))}
          </List>
        )}
        {problem.output && (
          <Accordion variant="contained">
            <Accordion.Item value="output">
              <Accordion.Control>{t('output')}</Accordion.Control>
              <Accordion.Panel>
                <Code block>{problem.output}</Code>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        )}
      </Stack>
    </Alert>
  )
}

const SECTIONS: Readonly<Record<string, 'frontends' | 'backends' | 'acls' | 'defaultsBlocks'>> = {
  frontend: 'frontends',
  backend: 'backends',
  server: 'backends',
  acl: 'acls',
  defaults: 'defaultsBlocks',
}

function HintLink({ hint, document }: { hint: Hint; document: Document | null }) {
  const name = hint.entity ? `${hint.entity.kind} ${hint.entity.name}` : hint.path.join(' › ')
  if (hint.path.length > 0) return <GoTo place={placeOf(hint.path, document)} what={name} />
  const section = hint.ref && SECTIONS[hint.ref.kind]
  return hint.ref && section ? <GoTo place={entityPlace(section, hint.ref.id)} what={name} /> : null
}

/** The way to the field at fault. */
function GoTo({ place, what }: { place: Place; what: string }) {
  const t = useMessages(messages)
  return (
    <Anchor size="sm" renderRoot={(props) => <Link to={place.to} search={place.search as never} {...props} />}>
      <Group gap={4} component="span" display="inline-flex">
        {t('mend')}
        <IconArrowRight size={13} aria-hidden />
        <Text span size="xs" className="mono" c="dimmed">
          {what}
        </Text>
      </Group>
    </Anchor>
  )
}
