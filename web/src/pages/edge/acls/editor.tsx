import { Alert, Box, Group, Paper, Select, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { Acl } from '~/api/schema'
import { useMay } from '~/app/session'
import { renameAcl, usesOfAcls } from '~/draft/acl-uses'
import { putEntity, useDocument } from '~/draft/hooks'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { useForm } from '~/schema/context'
import { useWords } from '~/schema/labels'
import { problemOf, resolve } from '~/schema/schema'
import type { WidgetProps } from '~/schema/schema-form'
import { EntityPage, type Item } from '../entity'
import { EntityLink } from '../links'
import { messages as shared } from '../messages'
import { messages } from './messages'
import { meaningOf, PRESETS, presetOf, withPreset } from './words'

const here = getRouteApi('/shell/edge/acls/$id')

export function AclPage() {
  const t = useMessages(messages)
  const { id } = here.useParams()
  const { field }: { field?: string } = here.useSearch()
  const layout = useMemo(
    () => ({
      groups: [
        {
          title: t('groupCondition'),
          fields: ['field', 'fieldArg', 'operator', 'values', 'caseInsensitive', 'noDnsLookup'],
        },
        { title: t('groupDetails'), fields: ['name', 'description'] },
      ],
      hide: ['id'],
      widgets: { name: NameWidget },
    }),
    [t],
  )
  return (
    <EntityPage
      key={id}
      section="acls"
      id={id}
      def="Acl"
      list="/edge/acls"
      listTitle={t('title')}
      layout={layout}
      focus={field}
      before={(item) => <Helper acl={item as unknown as Acl} />}
      after={(item) => <Uses item={item} />}
    />
  )
}

/** Says what the ACL means now, and offers the common samples. */
function Helper({ acl }: { acl: Acl }) {
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const preset = presetOf(acl)
  const meaning = (
    <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
      <Text span c="dimmed" inherit>
        {`${t('summary')} `}
      </Text>
      {meaningOf(acl, t).slice(0, 600)}
    </Text>
  )
  return (
    <Paper>
      <Stack gap="sm">
        {meaning}
        {may && (
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Select
              label={t('helper')}
              description={t('helperText')}
              data={[
                ...PRESETS.map((each) => ({ value: each.id as string, label: t(each.id) })),
                ...(preset ? [] : [{ value: 'kindOther', label: t('kindOther') }]),
              ]}
              value={preset?.id ?? 'kindOther'}
              onChange={(chosen) => {
                const next = PRESETS.find((each) => each.id === chosen)
                if (next) putEntity('acls', withPreset(acl, next))
              }}
              allowDeselect={false}
            />
          </SimpleGrid>
        )}
      </Stack>
    </Paper>
  )
}

/** The name; changing it changes every condition that refers to it, in one step. */
function NameWidget({ value, node }: WidgetProps) {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const words = useWords()
  const { defs, readOnly, issues } = useForm()
  const { id } = here.useParams()
  const [typed, setTyped] = useState<string | null>(null)
  const current = typeof value === 'string' ? value : ''
  const name = typed ?? current
  const rule = resolve(defs, node).node
  const taken = useDocument()?.acls.some((acl) => acl.id !== id && acl.name === name) ?? false
  const error = taken ? s('nameTaken') : problemOf(rule, name) ? s('namePattern') : issues.get('/name')
  const commit = () => {
    if (typed !== null && !error && typed !== current) draft.edit((document) => renameAcl(document, id, typed))
    if (!error) setTyped(null)
  }
  if (readOnly) {
    return (
      <Box>
        <Text size="sm" fw={500}>
          {words('Acl', 'name', node).label}
        </Text>
        <Text size="sm" className="mono">
          {current}
        </Text>
      </Box>
    )
  }
  return (
    <TextInput
      label={words('Acl', 'name', node).label}
      description={t('renameNote')}
      value={name}
      error={error}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit()
        if (event.key === 'Escape') setTyped(null)
      }}
      spellCheck={false}
      required
    />
  )
}

const SHOWN = 50

function Uses({ item }: { item: Item }) {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const document = useDocument()
  const uses = useMemo(() => (document ? (usesOfAcls(document).get(String(item.name)) ?? []) : []), [document, item])
  if (!document) return null
  const frontends = new Map(document.haproxy.frontends.map((frontend) => [frontend.id, frontend]))
  if (uses.length === 0) {
    return (
      <Alert color="gray" variant="light">
        {t('usedNowhere')}
      </Alert>
    )
  }
  return (
    <Paper component="section">
      <Title order={2} size="h3" mb="xs">
        {t('usedIn')}
      </Title>
      <Stack gap={4}>
        {uses.slice(0, SHOWN).map((use) => {
          const frontend = frontends.get(use.frontendId)
          const rules = (frontend?.rulePhases[use.phase] ?? []) as readonly { id: string; name?: string }[]
          const at = rules.findIndex((rule) => rule.id === use.ruleId)
          return (
            <Group key={`${use.frontendId}/${use.phase}/${use.ruleId}`} gap="xs" wrap="nowrap">
              <EntityLink section="frontends" id={use.frontendId} field={`/rulePhases/${use.phase}/${at}`}>
                {`${frontend?.name ?? use.frontendId} · ${rules[at]?.name || use.ruleId}`}
              </EntityLink>
              <Text size="xs" c="dimmed" span className="mono">
                {use.phase}
              </Text>
            </Group>
          )
        })}
        {uses.length > SHOWN && (
          <Text size="sm" c="dimmed">
            {s('uses', { count: uses.length })}
          </Text>
        )}
      </Stack>
    </Paper>
  )
}
