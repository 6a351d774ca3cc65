// What a plan or a comparison changes, by name: one card for each entity, its fields with what they were and what they become.

import { Anchor, Badge, Box, Button, Code, Group, Paper, Stack, Text, TextInput } from '@mantine/core'
import { IconArrowRight, IconSearch } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useDeferredValue, useMemo, useState } from 'react'
import type { EntityChange, FieldChange } from '~/api/schema'
import { useDocument } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { humanize } from '~/schema/schema'
import { Mono } from '~/ui/small'
import classes from './changes.module.css'
import { messages, sectionKey } from './messages'
import { placeOf } from './where'

const COLOURS = { added: 'green', changed: 'yellow', removed: 'red', moved: 'blue' } as const
const FEW = 8
/** How many entities are shown at once: a document that is put in at once may change thousands. */
const AT_ONCE = 50

export function ChangeList({
  changes,
  links = true,
  actions,
}: {
  changes: readonly EntityChange[]
  /** Whether names lead to where the entity is edited: not for what is no draft. */
  links?: boolean
  actions?: (change: EntityChange) => ReactNode
}) {
  const t = useMessages(messages)
  const [most, setMost] = useState(AT_ONCE)
  const [filter, setFilter] = useState('')
  const wanted = useDeferredValue(filter.trim().toLowerCase())
  const found = useMemo(
    () =>
      wanted === ''
        ? changes
        : changes.filter(({ section, id, name }) =>
            `${t(sectionKey(section))}\n${name ?? ''}\n${id ?? ''}`.toLowerCase().includes(wanted),
          ),
    [changes, wanted, t],
  )
  return (
    <Stack gap="xs">
      {changes.length > AT_ONCE && (
        <TextInput
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
          placeholder={t('filter')}
          aria-label={t('filter')}
          leftSection={<IconSearch size={15} aria-hidden />}
          maw={360}
        />
      )}
      {found.slice(0, most).map((change) => (
        <Card
          key={`${change.section}/${change.id ?? ''}/${change.kind}`}
          change={change}
          links={links}
          actions={actions?.(change)}
        />
      ))}
      {found.length > most && (
        <Button variant="default" onClick={() => setMost(most + AT_ONCE)} style={{ alignSelf: 'flex-start' }}>
          {t('more', { count: Math.min(AT_ONCE, found.length - most), of: found.length })}
        </Button>
      )}
      {found.length === 0 && changes.length > 0 && (
        <Text size="sm" c="dimmed">
          {t('noneFound')}
        </Text>
      )}
    </Stack>
  )
}

function Card({ change, links, actions }: { change: EntityChange; links: boolean; actions: ReactNode }) {
  const t = useMessages(messages)
  const document = useDocument()
  const [all, setAll] = useState(false)
  const section = t(sectionKey(change.section))
  const name = change.name ?? change.id
  const fields = change.fields ?? []
  const place = links && change.kind !== 'removed' ? placeOf(change.path, document) : undefined
  return (
    <Paper p="sm" component="article" aria-label={`${section} ${name ?? ''}`}>
      <Group gap="xs" justify="space-between" wrap="nowrap" align="flex-start">
        <Group gap="xs">
          <Badge size="sm" variant="light" color={COLOURS[change.kind]} tt="none">
            {t(`kind.${change.kind}`)}
          </Badge>
          <Text size="sm" c="dimmed">
            {section}
          </Text>
          {name &&
            (place ? (
              <Anchor
                size="sm"
                fw={600}
                renderRoot={(props) => <Link to={place.to} search={place.search as never} {...props} />}
              >
                <Mono>{name}</Mono>
              </Anchor>
            ) : (
              <Text size="sm" fw={600} span>
                <Mono>{name}</Mono>
              </Text>
            ))}
        </Group>
        {actions}
      </Group>
      {fields.length > 0 && (
        <Box mt="xs" className={classes.fields}>
          {(all ? fields : fields.slice(0, FEW)).map((field) => (
            <FieldRow key={field.path.join('/')} field={field} />
          ))}
        </Box>
      )}
      {fields.length > FEW && (
        <Button mt={6} variant="subtle" color="gray" onClick={() => setAll(!all)}>
          {all ? t('showFew') : t('showAll', { count: fields.length })}
        </Button>
      )}
    </Paper>
  )
}

function FieldRow({ field }: { field: FieldChange }) {
  const name = field.path.map((step) => (typeof step === 'string' ? humanize(step) : String(step + 1))).join(' › ')
  return (
    <div className={classes.field}>
      <Text size="sm" component="div" className={classes.name} title={field.path.join('/')}>
        {name}
      </Text>
      <Shown value={field.before} kind="before" />
      <IconArrowRight size={14} className={classes.arrow} aria-hidden />
      <Shown value={field.after} kind="after" />
    </div>
  )
}

/** A value as short as it can be read. Long ones are cut; the rendered difference has them in full. */
export function Shown({ value, kind }: { value: unknown; kind: 'before' | 'after' }) {
  const t = useMessages(messages)
  if (value === undefined || value === null) {
    return (
      <Text size="sm" c="dimmed" component="div">
        {t('notSet')}
      </Text>
    )
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const short = text.length > 160 ? `${text.slice(0, 160)}…` : text
  return (
    <Code className={classes[kind]} title={text.slice(0, 2_000)}>
      {short === '' ? '""' : short}
    </Code>
  )
}
