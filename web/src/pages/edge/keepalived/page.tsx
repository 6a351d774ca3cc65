// Keepalived: the lists of its parts, and its global definitions, each under a tab.

import { Paper, Stack, Switch, Tabs } from '@mantine/core'
import { getRouteApi, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useMay } from '~/app/session'
import { listOf } from '~/draft/changes'
import { setSingle, useDocument } from '~/draft/hooks'
import { useIssuesOf } from '~/draft/issues'
import type { Json, Path } from '~/draft/json'
import { useMessages } from '~/i18n'
import type { Layout } from '~/schema/schema-form'
import { Page } from '~/ui/page'
import { State } from '~/ui/small'
import { Pending } from '~/ui/states'
import { AsJson } from '../links'
import { Part } from '../part'
import { KindEditor } from '../sections/editor'
import { KEEPALIVED } from '../sections/kinds'
import { AddButton, CreateKind, KindTable } from '../sections/list'
import { messages } from './messages'
import { REFERENCE_WIDGETS } from './widgets'

const item = getRouteApi('/shell/edge/keepalived/$part/$id')

export interface KeepalivedSearch {
  q?: string
  new?: boolean
  field?: string
}

const TABS = ['instances', 'groups', 'scripts', 'global'] as const
const change = (path: Path, value: Json) => setSingle('keepalived', path, value)

export function KeepalivedPage() {
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const document = useDocument()
  const { part } = useParams({ strict: false })
  const search: KeepalivedSearch = useSearch({ strict: false })
  const navigate = useNavigate()
  if (!document) return <Pending />
  const tab = TABS.find((each) => each === part) ?? (search.field?.startsWith('/globalDefs') ? 'global' : 'instances')
  const kind = KEEPALIVED.find((each) => each.slug === tab)
  const go = (next: KeepalivedSearch, replace = false) => void navigate({ to: '.', search: next as never, replace })
  const add = may && kind && <AddButton kind={kind} add={() => go({ ...search, new: true })} />
  return (
    <Page
      wide
      title={t('title')}
      description={t('about')}
      actions={
        <>
          {kind && listOf(document, kind.section).length > 0 && add}
          <AsJson at="/keepalived" />
        </>
      }
    >
      <Paper data-field="/enabled">
        {may ? (
          <Switch
            label={t('on')}
            description={t('onHelp')}
            checked={document.keepalived.enabled}
            onChange={(event) => change(['enabled'], event.currentTarget.checked)}
          />
        ) : (
          <State is={document.keepalived.enabled ? 'good' : 'idle'}>
            {t(document.keepalived.enabled ? 'on' : 'off')}
          </State>
        )}
      </Paper>
      <Tabs
        value={tab}
        onChange={(next) => void navigate({ to: `/edge/keepalived/${next ?? 'instances'}` })}
        keepMounted={false}
      >
        <Tabs.List>
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tab.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} pt="md">
          {kind ? (
            <KindTable
              key={kind.slug}
              kind={kind}
              filter={search.q ?? ''}
              onFilter={(q) => go(q ? { q } : {}, true)}
              {...(add && { action: add })}
            />
          ) : (
            <GlobalDefs value={document.keepalived.globalDefs} focus={search.field} readOnly={!may} />
          )}
        </Tabs.Panel>
      </Tabs>
      {may && kind && search.new && <CreateKind kind={kind} close={() => go(search.q ? { q: search.q } : {})} />}
    </Page>
  )
}

const GLOBAL = ['globalDefs'] as const

function GlobalDefs({ value, focus, readOnly }: { value: Json; focus: string | undefined; readOnly: boolean }) {
  const t = useMessages(messages)
  const issues = useIssuesOf('keepalived')
  const layout = useMemo<Layout>(
    () => ({
      groups: [
        { title: t('group.node'), fields: ['routerId'] },
        {
          title: t('group.mail'),
          fields: ['notificationEmail', 'notificationEmailFrom', 'smtpServer', 'smtpConnectTimeout'],
          folded: true,
        },
        {
          title: t('group.protocol'),
          fields: ['vrrpStrict', 'vrrpSkipCheckAdvAddr', 'vrrpGarpInterval', 'vrrpGnaInterval'],
          folded: true,
        },
      ],
    }),
    [t],
  )
  return (
    <Stack maw={1120}>
      <Part
        def="GlobalDefs"
        at={GLOBAL}
        value={value}
        change={change}
        layout={layout}
        issues={issues}
        focus={focus}
        readOnly={readOnly}
      />
    </Stack>
  )
}

export function KeepalivedItemPage() {
  const { part, id } = item.useParams()
  const kind = KEEPALIVED.find((each) => each.slug === part) ?? KEEPALIVED[0]
  if (!kind) return null
  return <KindEditor key={`${part}/${id}`} kind={kind} id={id} widgets={REFERENCE_WIDGETS} />
}
