import { Button, Group, Text } from '@mantine/core'
import { IconFilter, IconPlus } from '@tabler/icons-react'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Acl } from '~/api/schema'
import { useMay } from '~/app/session'
import { usesOfAcls } from '~/draft/acl-uses'
import { useDocumentSoon, useMarks } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Mark, Mono } from '~/ui/small'
import { Empty, Pending } from '~/ui/states'
import { Create } from '../create'
import { messages as shared } from '../messages'
import { messages } from './messages'
import { meaningOf } from './words'

const here = getRouteApi('/shell/edge/acls')

export interface ListSearch {
  /** The filter. */
  q?: string
  /** Whether a new entry is being made. */
  new?: boolean
}

export function AclsPage() {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const may = useMay('edge:state:write')
  const document = useDocumentSoon()
  const marks = useMarks('acls')
  const search: ListSearch = here.useSearch()
  const navigate = here.useNavigate()
  const uses = useMemo(() => (document ? usesOfAcls(document) : new Map()), [document])
  const columns = useMemo<Column<Acl>[]>(
    () => [
      {
        id: 'name',
        header: s('name'),
        value: (acl) => acl.name,
        render: (acl) => (
          <Group gap={6} wrap="nowrap">
            <Text size="sm" truncate>
              <Mono>{acl.name}</Mono>
            </Text>
            <Mark kind={marks.get(acl.id)} />
          </Group>
        ),
      },
      { id: 'summary', header: t('summary'), width: 'minmax(240px, 3fr)', value: (acl) => meaningOf(acl, t) },
      { id: 'field', header: t('field'), value: (acl) => acl.field, mono: true, hidden: true },
      { id: 'description', header: t('details'), value: (acl) => acl.description, hidden: true },
      { id: 'values', header: t('values'), value: (acl) => acl.values.length, align: 'right', width: '90px' },
      {
        id: 'uses',
        header: s('usedBy'),
        width: '110px',
        align: 'right',
        value: (acl) => uses.get(acl.name)?.length ?? 0,
        render: (acl) => {
          const count = uses.get(acl.name)?.length ?? 0
          return (
            <Text size="sm" span {...(count === 0 && { c: 'dimmed' })}>
              {count === 0 ? s('unused') : s('uses', { count })}
            </Text>
          )
        },
      },
    ],
    [t, s, marks, uses],
  )
  if (!document) return <Pending />
  const add = may && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => void navigate({ search: { ...search, new: true } })}>
      {t('add')}
    </Button>
  )
  return (
    <Page wide title={t('title')} description={t('description')} actions={document.acls.length > 0 && add}>
      <DataTable
        label={t('title')}
        rows={document.acls}
        rowId={(acl) => acl.id}
        columns={columns}
        filter={search.q ?? ''}
        onFilter={(q) => void navigate({ search: q ? { q } : {}, replace: true })}
        to={(acl) => ({ to: '/edge/acls/$id', params: { id: acl.id } })}
        empty={
          <Empty icon={<IconFilter size={32} stroke={1.4} />} title={t('empty')} action={add || undefined}>
            {t('emptyText')}
          </Empty>
        }
      />
      {may && search.new && (
        <Create
          section="acls"
          def="Acl"
          title={t('addTitle')}
          named="name"
          list="/edge/acls"
          start={{ field: 'req.hdr(host),host_only', operator: 'str', caseInsensitive: true }}
          close={() => void navigate({ search: search.q ? { q: search.q } : {} })}
        />
      )}
    </Page>
  )
}
