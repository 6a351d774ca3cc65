// The editor of one entry of any kind.

import { Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import { type ComponentType, useCallback, useMemo, useState } from 'react'
import { useMay } from '~/app/session'
import { setField, useDocument } from '~/draft/hooks'
import { useIssuesOf } from '~/draft/issues'
import type { Json, Path } from '~/draft/json'
import { usesById } from '~/draft/uses'
import { useMessages } from '~/i18n'
import type { Layout, WidgetProps } from '~/schema/schema-form'
import { Tag } from '~/ui/small'
import { EntityPage, type Item } from '../entity'
import { Part } from '../part'
import { References } from '../references'
import type { Kind } from './kinds'
import { type KindMessage, messages } from './messages'

interface Props {
  kind: Kind
  id: string
  /** Hand-made inputs of this kind. */
  widgets?: Readonly<Record<string, ComponentType<WidgetProps>>>
  /** Fields that the page shows in another way. */
  hide?: readonly string[]
  after?: (item: Item) => React.ReactNode
}

export function KindEditor({ kind, id, widgets, hide, after }: Props) {
  const t = useMessages(messages)
  const { field }: { field?: string } = useSearch({ strict: false })
  const layout = useMemo<Layout>(
    () => ({
      groups: kind.groups.map(({ title, ...group }) => ({ ...group, title: t(title) })),
      hide: ['id', ...(hide ?? [])],
      ...(widgets && { widgets }),
    }),
    [kind, t, widgets, hide],
  )
  const { union } = kind
  return (
    <EntityPage
      key={id}
      section={kind.section}
      id={id}
      def={kind.def}
      list={kind.list}
      listTitle={t(kind.title)}
      layout={layout}
      focus={field}
      after={(item) => (
        <>
          {after?.(item)}
          <UsedBy kind={kind} id={id} />
        </>
      )}
      {...(union && {
        about: (item: Item) => <Tag>{t(`kind.${String(item[union.key])}` as KindMessage)}</Tag>,
        form: (item: Item) => <UnionForm kind={kind} item={item} focus={field} />,
      })}
    />
  )
}

/** The definition behind `config`, by the value of the discriminator. */
const CONFIGS: Readonly<Record<string, string>> = {
  'rate-limit': 'RateLimit',
  'geo-block': 'GeoBlock',
  'bot-defense': 'BotDefense',
  none: 'NoneConfig',
  authelia: 'Authelia',
  basic: 'Basic',
  oidc: 'Oidc',
  ldap: 'Ldap',
  saml: 'Saml',
  entra: 'Entra',
  'jwt-verify': 'JwtVerify',
  'mtls-auth': 'Mtls',
  'header-trust': 'HeaderTrust',
  'lua-auth': 'LuaAuth',
}

const CONFIG = ['config'] as const

/** Of a union, the kind is chosen when it is made; here are its label and its settings. */
function UnionForm({ kind, item, focus }: { kind: Kind; item: Item; focus: string | undefined }) {
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const issues = useIssuesOf(kind.section, item.id)
  const change = useCallback(
    (path: Path, value: Json) => setField(kind.section, item.id, path, value),
    [kind.section, item.id],
  )
  const value = String(item[kind.union?.key ?? 'type'])
  const def = CONFIGS[value]
  return (
    <Stack gap="md">
      {kind.named === 'label' && may && <LabelInput kind={kind} item={item} error={issues.get('/label')} />}
      {def && def !== 'NoneConfig' ? (
        <Paper component="section">
          <Title order={2} size="h3" mb="sm">
            {t('settings')}
          </Title>
          <Part
            def={def}
            at={CONFIG}
            value={item.config}
            change={change}
            layout={FLAT}
            issues={issues}
            focus={focus}
            readOnly={!may}
          />
        </Paper>
      ) : (
        <Text size="sm" c="dimmed">
          {t(`kind.${value}.help` as KindMessage)}
        </Text>
      )}
    </Stack>
  )
}

const FLAT: Layout = {}

function LabelInput({ kind, item, error }: { kind: Kind; item: Item; error: string | undefined }) {
  const t = useMessages(messages)
  const [typed, setTyped] = useState<string | null>(null)
  const current = typeof item.label === 'string' ? item.label : ''
  const commit = () => {
    if (typed !== null && typed.trim() !== '' && typed !== current) setField(kind.section, item.id, ['label'], typed)
    setTyped(null)
  }
  return (
    <Paper data-field="/label">
      <TextInput
        label={t('label')}
        description={t('labelHelp')}
        value={typed ?? current}
        error={error}
        maxLength={128}
        maw={520}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit()
          if (event.key === 'Escape') setTyped(null)
        }}
      />
    </Paper>
  )
}

const SHOWN = 30

function UsedBy({ kind, id }: { kind: Kind; id: string }) {
  const t = useMessages(messages)
  const document = useDocument()
  const uses = useMemo(() => document && usesById(document, kind.section)?.get(id), [document, kind.section, id])
  if (!uses) return null
  return (
    <Paper component="section">
      <Title order={2} size="h3" mb="xs">
        {t('usedBy')}
      </Title>
      <References uses={uses} most={SHOWN} />
    </Paper>
  )
}
