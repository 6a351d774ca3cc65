import { Button, Group, Text } from '@mantine/core'
import { IconPlus, IconStack2 } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Backend } from '~/api/schema'
import { useMay } from '~/app/session'
import { useDocumentSoon, useMarks } from '~/draft/hooks'
import { usesById } from '~/draft/uses'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { countStates } from '~/ui/health'
import { Page } from '~/ui/page'
import { Mark, Mono } from '~/ui/small'
import { Empty, Pending } from '~/ui/states'
import { Create } from '../create'
import { messages as shared } from '../messages'
import { BackendState, useLive } from './live'
import { messages } from './messages'
import { newServer } from './paste'

const here = getRouteApi('/shell/edge/backends')

export function BackendsPage() {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const may = useMay('edge:state:write')
  const document = useDocumentSoon()
  const marks = useMarks('backends')
  const live = useLive()
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const uses = useMemo(() => (document ? usesById(document, 'backends') : undefined), [document])
  const columns = useMemo<Column<Backend>[]>(() => {
    const of = (backend: Backend) => [...(live.get(backend.name)?.values() ?? [])]
    return [
      {
        id: 'name',
        header: s('name'),
        width: 'minmax(180px, 2fr)',
        value: (backend) => backend.name,
        render: (backend) => (
          <Group gap={6} wrap="nowrap">
            <Text size="sm" truncate>
              <Mono>{backend.name}</Mono>
            </Text>
            <Mark kind={marks.get(backend.id)} />
          </Group>
        ),
      },
      { id: 'mode', header: t('mode'), value: (backend) => backend.mode, width: '80px' },
      { id: 'balance', header: t('balance'), value: (backend) => backend.balance, width: '130px' },
      {
        id: 'servers',
        header: t('servers'),
        value: (backend) => backend.servers.length,
        align: 'right',
        width: '100px',
      },
      {
        id: 'live',
        header: t('live'),
        width: '130px',
        value: (backend) => countStates(of(backend))[0]?.[0],
        render: (backend) => <BackendState states={of(backend)} />,
      },
      {
        id: 'addresses',
        header: t('address'),
        width: 'minmax(200px, 3fr)',
        mono: true,
        value: (backend) => backend.servers.map((server) => server.address).join(', '),
      },
      {
        id: 'uses',
        header: s('usedBy'),
        width: '110px',
        align: 'right',
        value: (backend) => uses?.get(backend.id)?.length ?? 0,
        render: (backend) => {
          const count = uses?.get(backend.id)?.length ?? 0
          return (
            <Text size="sm" span {...(count === 0 && { c: 'dimmed' })}>
              {count === 0 ? s('unused') : s('uses', { count })}
            </Text>
          )
        },
      },
      { id: 'id', header: s('identifier'), value: (backend) => backend.id, mono: true, hidden: true },
    ]
  }, [t, s, marks, uses, live])
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
        rows={document.haproxy.backends}
        rowId={(backend) => backend.id}
        columns={columns}
        filter={search.q ?? ''}
        onFilter={(q) => void navigate({ search: q ? { q } : {}, replace: true })}
        to={(backend) => ({ to: '/edge/backends/$id', params: { id: backend.id }, search: {} })}
        empty={
          <Empty icon={<IconStack2 size={32} stroke={1.4} />} title={t('empty')} action={add || undefined}>
            {t('emptyText')}
          </Empty>
        }
      />
      {may && search.new && (
        <Create
          section="backends"
          def="Backend"
          title={t('addTitle')}
          named="name"
          list="/edge/backends"
          start={{ balance: 'roundrobin', servers: [newServer('server-1', '127.0.0.1:8080', true)] }}
          close={() => void navigate({ search: search.q ? { q: search.q } : {} })}
        />
      )}
    </Page>
  )
}
