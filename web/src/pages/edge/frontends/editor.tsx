// One frontend, in parts: where it listens, what it does with connections, and the rules.

import { Badge, Paper, Stack, Tabs } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { Frontend } from '~/api/schema'
import { useMay } from '~/app/session'
import { setField } from '~/draft/hooks'
import { useIssuesOf } from '~/draft/issues'
import type { Json, Path } from '~/draft/json'
import { useMessages } from '~/i18n'
import type { Layout } from '~/schema/schema-form'
import { Soon } from '~/ui/soon'
import { EntityPage, type Item } from '../entity'
import { Part } from '../part'
import { messages } from './messages'
import { Rules } from './rules'
import { type FrontendTab, TABS, tabOf } from './tabs'

const here = getRouteApi('/shell/edge/frontends/$id')

export function FrontendPage() {
  const t = useMessages(messages)
  const { id } = here.useParams()
  const { field } = here.useSearch()
  return (
    <EntityPage
      key={id}
      section="frontends"
      id={id}
      def="Frontend"
      list="/edge/frontends"
      listTitle={t('title')}
      layout={{}}
      focus={field}
      form={(item) => <Form item={item} />}
    />
  )
}

function Form({ item }: { item: Item }) {
  const t = useMessages(messages)
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const may = useMay('edge:state:write')
  const frontend = item as unknown as Frontend
  const issues = useIssuesOf('frontends', item.id)
  const change = useCallback((path: Path, value: Json) => setField('frontends', item.id, path, value), [item.id])
  const { field } = search
  const tab = search.tab ?? (field ? tabOf(field) : 'binds')
  const layouts = useLayouts(frontend.mode)
  const common = { value: item, change, issues, focus: field, readOnly: !may }
  const options = frontend.mode === 'tcp' ? 'tcpOpts' : 'httpOpts'
  const count = (of: FrontendTab) => [...issues.keys()].filter((pointer) => tabOf(pointer) === of).length
  return (
    <Tabs
      value={tab}
      onChange={(next) => void navigate({ search: { tab: (next ?? 'binds') as FrontendTab }, replace: true })}
      keepMounted={false}
    >
      <Tabs.List aria-label={t('tabs')}>
        {TABS.map((each) => (
          <Tabs.Tab
            key={each}
            value={each}
            rightSection={
              count(each) > 0 && (
                <Badge size="xs" color="red" circle>
                  {count(each)}
                </Badge>
              )
            }
          >
            {t(`tab.${each}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="binds" pt="md">
        <Part def="Frontend" layout={layouts.binds} {...common} />
      </Tabs.Panel>
      <Tabs.Panel value="options" pt="md">
        <Stack>
          <Part
            def={frontend.mode === 'tcp' ? 'TcpOpts' : 'HttpOpts'}
            at={options === 'tcpOpts' ? TCP : HTTP}
            layout={layouts.options}
            {...common}
            value={frontend[options]}
          />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="rules" pt="md">
        <Soon>
          <Rules frontend={frontend} change={change} issues={issues} focus={field} readOnly={!may} />
        </Soon>
      </Tabs.Panel>
      <Tabs.Panel value="stats" pt="md">
        <Paper>
          <Part def="Stats" at={STATS} layout={NO_LAYOUT} {...common} value={frontend.stats} />
        </Paper>
      </Tabs.Panel>
      <Tabs.Panel value="all" pt="md">
        <Part def="Frontend" layout={layouts.all} {...common} />
      </Tabs.Panel>
    </Tabs>
  )
}

const HTTP: Path = ['httpOpts']
const TCP: Path = ['tcpOpts']
const STATS: Path = ['stats']
const NO_LAYOUT: Layout = {}

function useLayouts(mode: string): Record<'binds' | 'options' | 'all', Layout> {
  const t = useMessages(messages)
  return useMemo(
    () => ({
      binds: {
        hide: ['id', 'httpOpts', 'tcpOpts', 'rulePhases', 'stats', 'useErrorFilesId'],
        groups: [
          { title: t('binds'), fields: ['binds'] },
          { title: t('general'), fields: ['name', 'mode', 'fromDefaults', 'enabled', 'maxconn', 'description'] },
        ],
      },
      options:
        mode === 'tcp'
          ? {}
          : {
              groups: [
                { title: t('defaultBackend'), fields: ['defaultBackendId'] },
                {
                  title: t('group.security'),
                  fields: [
                    'forwardFor',
                    'optionOriginalto',
                    'hsts',
                    'cors',
                    'normalizeUri',
                    'restrictReqHdrNames',
                    'strictMode',
                    'rateLimitSessions',
                  ],
                  folded: true,
                },
                {
                  title: t('group.connection'),
                  fields: [
                    'timeoutClient',
                    'timeoutClientFin',
                    'timeoutHttpRequest',
                    'timeoutHttpKeepAlive',
                    'h2',
                    'optionHttpKeepAlive',
                    'optionHttpServerClose',
                    'optionHttpBufferRequest',
                    'optionHttpNoDelay',
                    'optionHttpIgnoreProbes',
                    'optionCliTcpKa',
                  ],
                  folded: true,
                },
                {
                  title: t('group.logging'),
                  fields: [
                    'httpLog',
                    'customLogFormat',
                    'logTag',
                    'dontlogNull',
                    'dontlogNormal',
                    'logSeparateErrors',
                    'optionLogasap',
                    'optionContstats',
                  ],
                  folded: true,
                },
                { title: t('group.compression'), fields: ['compression'], folded: true },
                {
                  title: t('group.captures'),
                  fields: ['captureCookie', 'captureRequestHeaders', 'captureResponseHeaders'],
                  folded: true,
                },
              ],
            },
      all: { hide: ['id', 'rulePhases'] },
    }),
    [t, mode],
  )
}
