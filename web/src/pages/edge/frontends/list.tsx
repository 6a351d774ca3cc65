import { Button, Group, Text } from '@mantine/core'
import { IconArrowsSplit2, IconPlus } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Frontend } from '~/api/schema'
import { useMay } from '~/app/session'
import { useDocument, useMarks } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Mark, Mono, Tag } from '~/ui/small'
import { Empty, Pending } from '~/ui/states'
import { Create } from '../create'
import { EntityLink } from '../links'
import { messages as shared } from '../messages'
import { messages } from './messages'
import { PHASES } from './phases'

const here = getRouteApi('/shell/edge/frontends')

/** Where a frontend sends what no rule decides. */
export function defaultBackendOf(frontend: Frontend): string | null {
  return (frontend.mode === 'tcp' ? frontend.tcpOpts.defaultBackendId : frontend.httpOpts.defaultBackendId) ?? null
}

export function FrontendsPage() {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const may = useMay('edge:state:write')
  const document = useDocument()
  const marks = useMarks('frontends')
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const backends = document?.haproxy.backends
  const columns = useMemo<Column<Frontend>[]>(() => {
    const names = new Map(backends?.map((backend) => [backend.id, backend.name]))
    return [
      {
        id: 'name',
        header: s('name'),
        width: 'minmax(160px, 2fr)',
        value: (frontend) => frontend.name,
        render: (frontend) => (
          <Group gap={6} wrap="nowrap">
            <Text size="sm" truncate>
              <Mono>{frontend.name}</Mono>
            </Text>
            {!frontend.enabled && <Tag>{t('disabled')}</Tag>}
            <Mark kind={marks.get(frontend.id)} />
          </Group>
        ),
      },
      { id: 'mode', header: t('mode'), value: (frontend) => frontend.mode, width: '80px' },
      {
        id: 'binds',
        header: t('binds'),
        width: 'minmax(160px, 2fr)',
        mono: true,
        value: (frontend) =>
          frontend.binds.map((bind) => `${bind.address}${bind.ssl?.enabled ? ' (TLS)' : ''}`).join(', '),
      },
      {
        id: 'backend',
        header: t('defaultBackend'),
        width: 'minmax(140px, 1fr)',
        value: (frontend) => names.get(defaultBackendOf(frontend) ?? '') ?? null,
        render: (frontend) => {
          const id = defaultBackendOf(frontend)
          if (!id)
            return (
              <Text span c="dimmed">
                {'–'}
              </Text>
            )
          return (
            <EntityLink section="backends" id={id}>
              {names.get(id) ?? id}
            </EntityLink>
          )
        },
      },
      {
        id: 'rules',
        header: t('rules'),
        align: 'right',
        width: '90px',
        value: (frontend) => PHASES.reduce((sum, phase) => sum + frontend.rulePhases[phase].length, 0),
      },
      { id: 'description', header: s('identifier'), value: (frontend) => frontend.id, mono: true, hidden: true },
    ]
  }, [t, s, marks, backends])
  if (!document) return <Pending />
  const add = may && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => void navigate({ search: { ...search, new: true } })}>
      {t('add')}
    </Button>
  )
  return (
    <Page wide title={t('title')} description={t('description')} actions={add}>
      <DataTable
        label={t('title')}
        rows={document.haproxy.frontends}
        rowId={(frontend) => frontend.id}
        columns={columns}
        filter={search.q ?? ''}
        onFilter={(q) => void navigate({ search: q ? { q } : {}, replace: true })}
        to={(frontend) => ({ to: '/edge/frontends/$id', params: { id: frontend.id }, search: {} })}
        empty={
          <Empty icon={<IconArrowsSplit2 size={32} stroke={1.4} />} title={t('empty')} action={add || undefined}>
            {t('emptyText')}
          </Empty>
        }
      />
      {may && search.new && (
        <Create
          section="frontends"
          def="Frontend"
          title={t('addTitle')}
          named="name"
          list="/edge/frontends"
          start={{
            fromDefaults: document.haproxy.defaultsBlocks[0]?.id ?? '',
            binds: [{ id: 'main', address: freePort(document.haproxy.frontends), acceptProxy: false }],
          }}
          close={() => void navigate({ search: search.q ? { q: search.q } : {} })}
        />
      )}
    </Page>
  )
}

/** An address that no other frontend of the document listens on. */
export function freePort(frontends: readonly Frontend[]): string {
  const taken = new Set(frontends.flatMap((frontend) => frontend.binds.map((bind) => bind.address.split(':').at(-1))))
  for (let port = 8080; ; port++) if (!taken.has(String(port))) return `:${port}`
}
