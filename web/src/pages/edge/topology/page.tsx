// The edge as a graph, from frontends to servers, with the colours of their live states.

import { Button, Checkbox, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { IconSearch, IconTopologyStar3 } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { startTransition, useDeferredValue, useMemo, useState } from 'react'
import { queries } from '~/api/queries'
import type { Document } from '~/api/schema'
import { useDocumentSoon } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { useAddressText } from '~/ui/address-text'
import { byBackend } from '~/ui/health'
import { Page } from '~/ui/page'
import { Soon } from '~/ui/soon'
import { Empty, Pending } from '~/ui/states'
import { Canvas } from './canvas'
import { graphOf } from './graph'
import { messages } from './messages'
import { Toggle } from './nodes'
import { wordsOf } from './words'

const here = getRouteApi('/shell/edge/topology')

export function TopologyPage() {
  const t = useMessages(messages)
  const document = useDocumentSoon()
  if (!document) return <Pending />
  const { frontends, backends } = document.haproxy
  return (
    <Page wide title={t('title')} description={t('description')}>
      {frontends.length + backends.length === 0 ? (
        <Empty icon={<IconTopologyStar3 size={32} stroke={1.4} />} title={t('empty')}>
          {t('emptyText')}
        </Empty>
      ) : (
        <Topology document={document} />
      )}
    </Page>
  )
}

function Topology({ document }: { document: Document }) {
  const t = useMessages(messages)
  const words = useMemo(() => wordsOf(document, t), [document, t])
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const status = useQuery(queries.status())
  const servers = useQuery({ ...queries.servers(), enabled: status.data?.running ?? false })
  const live = useMemo(() => byBackend(servers.data ?? []), [servers.data])
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const ask = (next: Partial<typeof search>) =>
    void navigate({
      replace: true,
      search: (now) => Object.fromEntries(Object.entries({ ...now, ...next }).filter(([, value]) => value)),
    })
  const typed = useAddressText(search.q ?? '', (q) => ask({ q }))
  const text = useDeferredValue(typed.text)
  const { frontend, troubled = false } = search
  const graph = useMemo(
    () => graphOf(document, live, { text, frontend, troubled, toggled }, words),
    [document, words, live, text, frontend, troubled, toggled],
  )
  const toggle = (id: string) =>
    startTransition(() =>
      setToggled((now) => {
        const next = new Set(now)
        if (!next.delete(id)) next.add(id)
        return next
      }),
    )
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <TextInput
          {...typed.input}
          placeholder={t('filter')}
          aria-label={t('filter')}
          leftSection={<IconSearch size={15} aria-hidden />}
          style={{ flex: '1 1 220px', maxWidth: 340 }}
        />
        <Select
          aria-label={t('frontend')}
          placeholder={t('allFrontends')}
          data={document.haproxy.frontends.map(({ id, name }) => ({ value: id, label: name }))}
          value={frontend ?? null}
          onChange={(id) => ask({ frontend: id ?? '' })}
          searchable
          clearable
          limit={100}
          w={200}
        />
        <Checkbox
          label={t('troubled')}
          checked={troubled}
          onChange={(event) => ask({ troubled: event.currentTarget.checked })}
        />
        <Text size="xs" c="dimmed" aria-live="polite" ml="auto">
          {graph.shown === graph.total
            ? t('count', { count: graph.total })
            : t('countOf', { shown: graph.shown, count: graph.total })}
        </Text>
      </Group>
      {graph.nodes.length === 0 ? (
        <Empty
          title={t('none')}
          action={
            <Button
              variant="default"
              onClick={() => {
                typed.type('')
                void navigate({ search: {}, replace: true })
              }}
            >
              {t('clear')}
            </Button>
          }
        >
          {t('noneText')}
        </Empty>
      ) : (
        <Toggle.Provider value={toggle}>
          <Soon>
            <Canvas graph={graph} />
          </Soon>
        </Toggle.Provider>
      )}
    </Stack>
  )
}
