// The list of one kind of section.

import { Button, Group, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { type NavigateOptions, useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useMay } from '~/app/session'
import { useDocument, useList, useMarks } from '~/draft/hooks'
import { usesById } from '~/draft/uses'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Mark, Mono } from '~/ui/small'
import { Empty, Pending } from '~/ui/states'
import type { ListSearch } from '../acls/list'
import { Create } from '../create'
import type { Item } from '../entity'
import { messages as shared } from '../messages'
import type { Kind } from './kinds'
import { type KindMessage, messages } from './messages'

export function KindList({ kind }: { kind: Kind }) {
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const search: ListSearch = useSearch({ strict: false })
  const navigate = useNavigate()
  const document = useDocument()
  const isEmpty = useList(kind.section).length === 0
  if (!document) return <Pending />
  const go = (next: ListSearch, replace = false) => void navigate({ to: '.', search: next as never, replace })
  const add = may && <AddButton kind={kind} add={() => go({ ...search, new: true })} />
  return (
    <Page wide title={t(kind.title)} description={t(kind.about)} actions={!isEmpty && add}>
      <KindTable
        kind={kind}
        filter={search.q ?? ''}
        onFilter={(q) => go(q ? { q } : {}, true)}
        {...(add && { action: add })}
      />
      {may && search.new && <CreateKind kind={kind} close={() => go(search.q ? { q: search.q } : {})} />}
    </Page>
  )
}

export function AddButton({ kind, add }: { kind: Kind; add: () => void }) {
  const t = useMessages(messages)
  return (
    <Button leftSection={<IconPlus size={15} />} onClick={add}>
      {t(kind.add)}
    </Button>
  )
}

export function CreateKind({ kind, close }: { kind: Kind; close: () => void }) {
  const t = useMessages(messages)
  const choices = kind.union && {
    key: kind.union.key,
    label: t(kind.union.label),
    options: kind.union.values.map((value) => ({
      value,
      label: t(`kind.${value}` as KindMessage),
      help: t(`kind.${value}.help` as KindMessage),
    })),
  }
  return (
    <Create
      section={kind.section}
      def={kind.def}
      title={t(kind.add)}
      named={kind.named}
      list={kind.list}
      close={close}
      {...(choices && { choices })}
      {...(kind.start && { start: kind.start })}
    />
  )
}

interface TableProps {
  kind: Kind
  filter?: string
  onFilter?: (filter: string) => void
  action?: React.ReactNode
}

export function KindTable({ kind, filter, onFilter, action }: TableProps) {
  const t = useMessages(messages)
  const rows = useList(kind.section) as unknown as readonly Item[]
  const columns = useKindColumns(kind)
  const Icon = kind.icon
  return (
    <DataTable
      label={t(kind.title)}
      rows={rows}
      rowId={(item) => item.id}
      columns={columns}
      to={({ id }) => ({ to: `${kind.list}/${id}` }) as NavigateOptions}
      empty={
        <Empty icon={<Icon size={32} stroke={1.4} />} title={t(kind.title)} action={action}>
          {t(kind.empty)}
        </Empty>
      }
      {...(filter !== undefined && { filter })}
      {...(onFilter && { onFilter })}
    />
  )
}

function useKindColumns(kind: Kind): Column<Item>[] {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const marks = useMarks(kind.section)
  const document = useDocument()
  return useMemo(() => {
    const uses = document ? usesById(document, kind.section) : undefined
    const columns: Column<Item>[] = [
      {
        id: 'name',
        header: s(kind.named === 'id' ? 'identifier' : 'name'),
        value: (item) => String(item[kind.named] ?? item.id),
        render: (item) => (
          <Group gap={6} wrap="nowrap">
            <Text size="sm" truncate>
              {kind.named === 'label' ? (
                String(item[kind.named] ?? item.id).slice(0, 200)
              ) : (
                <Mono>{String(item[kind.named] ?? item.id)}</Mono>
              )}
            </Text>
            <Mark kind={marks.get(item.id)} />
          </Group>
        ),
      },
    ]
    const { union } = kind
    if (union) {
      columns.push({
        id: union.key,
        header: t(union.label),
        value: (item) => t(`kind.${String(item[union.key])}` as KindMessage),
      })
    }
    for (const column of kind.columns) columns.push({ ...column, header: t(column.header) })
    if (uses) {
      columns.push({
        id: 'uses',
        header: s('usedBy'),
        width: '110px',
        align: 'right',
        value: (item) => uses.get(item.id)?.length ?? 0,
        render: (item) => {
          const count = uses.get(item.id)?.length ?? 0
          return (
            <Text size="sm" span {...(count === 0 && { c: 'dimmed' })}>
              {count === 0 ? s('unused') : s('uses', { count })}
            </Text>
          )
        },
      })
    }
    return columns
  }, [kind, document, marks, t, s])
}
