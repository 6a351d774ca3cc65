// The one table of the app: filter, sort, choice of columns, export, and only the visible rows in the page, so that five
// thousand rows scroll as smoothly as fifty.

import { ActionIcon, Box, Button, Checkbox, Group, Menu, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconColumns3, IconDownload, IconSearch, IconX } from '@tabler/icons-react'
import {
  type ColumnDef,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  type SortingState,
  type Row as TableRow,
  useReactTable,
  type VisibilityState,
} from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, startTransition, useDeferredValue, useMemo, useRef, useState } from 'react'
import { useMessages } from '~/i18n'
import classes from './data-table.module.css'
import { messages } from './messages'
import { save } from './save'

export interface Column<Row> {
  id: string
  header: string
  /** What is sorted, filtered and exported. */
  value: (row: Row) => string | number | boolean | null | undefined
  /** What is shown, where it is not the value itself. */
  render?: (row: Row) => ReactNode
  /** As in `grid-template-columns`; `minmax(120px, 1fr)` by default. */
  width?: string
  /** Not shown until it is chosen. */
  hidden?: boolean
  /** Numbers are read from the right. */
  align?: 'left' | 'right'
  mono?: boolean
}

interface Props<Row> {
  /** What the table holds, for people who cannot see it; also the name of exported files. */
  label: string
  columns: Column<Row>[]
  rows: readonly Row[]
  rowId: (row: Row) => string
  /** Shown instead of the table when there are no rows at all. */
  empty: ReactNode
  /** Buttons at the end of each row. */
  actions?: (row: Row) => ReactNode
  /** Room for the buttons; the same in every row, so that columns stay in line. Two icons by default. */
  actionsWidth?: string
  /** What a click on a row, or Enter, does. */
  open?: (row: Row) => void
  initialSort?: { id: string; desc?: boolean }
  /** Beside the filter. */
  toolbar?: ReactNode
  /** Height of a row in pixels; all rows have the same. */
  rowHeight?: number
  /** The filter, where the page keeps it in its address. */
  filter?: string
  onFilter?: (filter: string) => void
}

const NONE: readonly never[] = []

export function DataTable<Row>({
  label,
  columns,
  rows,
  rowId,
  empty,
  actions,
  actionsWidth = '92px',
  open,
  initialSort,
  toolbar,
  rowHeight = 42,
  filter: given,
  onFilter,
}: Props<Row>) {
  const t = useMessages(messages)
  const [own, setOwn] = useState('')
  const filter = given ?? own
  const setFilter = onFilter ?? setOwn
  const [sorting, setSorting] = useState<SortingState>(
    initialSort ? [{ id: initialSort.id, desc: initialSort.desc ?? false }] : [],
  )
  const [visibility, setVisibility] = useState<VisibilityState>(() =>
    Object.fromEntries(columns.filter((column) => column.hidden).map((column) => [column.id, false])),
  )
  const definitions = useMemo(
    () =>
      columns.map(
        (column): ColumnDef<Row> => ({
          id: column.id,
          header: column.header,
          accessorFn: (row) => column.value(row) ?? '',
          sortUndefined: 'last',
        }),
      ),
    [columns],
  )
  // Typing goes on while five thousand rows are filtered.
  const deferred = useDeferredValue(filter)
  const list = useDeferredValue(rows, NONE)
  const table = useReactTable({
    data: list as Row[],
    columns: definitions,
    state: { sorting, columnVisibility: visibility, globalFilter: deferred },
    onSortingChange: (next) => startTransition(() => setSorting(next)),
    onColumnVisibilityChange: setVisibility,
    getRowId: rowId,
    globalFilterFn: 'includesString',
    getColumnCanGlobalFilter: () => true,
    getCoreRowModel: getCoreRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
    getSortedRowModel: getSortedRowModel(),
  })
  const shown = columns.filter((column) => visibility[column.id] !== false)
  const model = table.getRowModel().rows
  // Whatever else the page does at the same time, such as closing a dialog, goes before drawing the rows anew.
  const body = useDeferredValue(
    <Rows
      label={label}
      model={model}
      shown={shown}
      sorting={sorting}
      toggle={(id) => table.getColumn(id)?.toggleSorting()}
      actions={actions}
      actionsWidth={actionsWidth}
      open={open}
      rowHeight={rowHeight}
      clear={list.length > 0 ? () => setFilter('') : undefined}
    />,
  )

  if (rows.length === 0) return empty

  const plain = () =>
    model.map((row) => Object.fromEntries(shown.map((column) => [column.header, column.value(row.original) ?? null])))
  const name = label.toLowerCase().replace(/[^a-z0-9]+/g, '-')

  return (
    <Box className={classes.frame}>
      <Group p="xs" gap="xs" className={classes.toolbar}>
        <TextInput
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
          placeholder={t('filter')}
          aria-label={t('filterLabel')}
          leftSection={<IconSearch size={15} aria-hidden />}
          rightSection={
            filter && (
              <ActionIcon
                variant="subtle"
                color="gray"
                size="sm"
                aria-label={t('clearFilter')}
                onClick={() => setFilter('')}
              >
                <IconX size={14} />
              </ActionIcon>
            )
          }
          className={classes.filter}
        />
        {toolbar}
        <Text size="xs" c="dimmed" ml="auto" aria-live="polite">
          {deferred === ''
            ? t('rows', { count: rows.length })
            : t('rowsOf', { shown: model.length, count: rows.length })}
        </Text>
        <Menu position="bottom-end" closeOnItemClick={false}>
          <Menu.Target>
            <ActionIcon variant="default" size="lg" aria-label={t('columns')}>
              <IconColumns3 size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {columns.map((column) => (
              <Menu.Item
                key={column.id}
                role="menuitemcheckbox"
                aria-checked={visibility[column.id] !== false}
                disabled={shown.length === 1 && visibility[column.id] !== false}
                onClick={() => setVisibility((now) => ({ ...now, [column.id]: now[column.id] === false }))}
                leftSection={<Checkbox.Indicator size="xs" checked={visibility[column.id] !== false} />}
              >
                {column.header}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size="lg" aria-label={t('export')}>
              <IconDownload size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              onClick={() =>
                save(
                  `${name}.csv`,
                  'text/csv',
                  csv(
                    plain(),
                    shown.map((column) => column.header),
                  ),
                )
              }
            >
              {t('exportCsv')}
            </Menu.Item>
            <Menu.Item onClick={() => save(`${name}.json`, 'application/json', JSON.stringify(plain(), null, 2))}>
              {t('exportJson')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {body}
    </Box>
  )
}

interface RowsProps<Row> {
  label: string
  model: readonly TableRow<Row>[]
  shown: readonly Column<Row>[]
  sorting: SortingState
  toggle: (column: string) => void
  actions: ((row: Row) => ReactNode) | undefined
  actionsWidth: string
  open: ((row: Row) => void) | undefined
  rowHeight: number
  /** Takes the filter away that left no row. */
  clear: (() => void) | undefined
}

function Rows<Row>({
  label,
  model,
  shown,
  sorting,
  toggle,
  actions,
  actionsWidth,
  open,
  rowHeight,
  clear,
}: RowsProps<Row>) {
  const t = useMessages(messages)
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const template = [
    ...shown.map((column) => column.width ?? 'minmax(120px, 1fr)'),
    ...(actions ? [actionsWidth] : []),
  ].join(' ')
  return (
    <div ref={scroller} className={classes.scroller} role="table" aria-label={label} aria-rowcount={model.length + 1}>
      <div role="rowgroup" className={classes.head}>
        <div role="row" aria-rowindex={1} className={classes.row} style={{ gridTemplateColumns: template }}>
          {shown.map((column) => {
            const sort = sorting.find(({ id }) => id === column.id)
            return (
              <div
                key={column.id}
                role="columnheader"
                aria-sort={sort ? (sort.desc ? 'descending' : 'ascending') : 'none'}
                className={classes.cell}
                data-align={column.align}
              >
                <UnstyledButton
                  className={classes.sort}
                  onClick={() => toggle(column.id)}
                  title={t('sortBy', { column: column.header })}
                >
                  {column.header}
                  {sort && !sort.desc && <IconArrowUp size={13} aria-hidden />}
                  {sort?.desc && <IconArrowDown size={13} aria-hidden />}
                </UnstyledButton>
              </div>
            )
          })}
          {actions && (
            <div role="columnheader" className={classes.cell}>
              <span className={classes.hidden}>{t('actions')}</span>
            </div>
          )}
        </div>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const row = model[item.index]
          if (!row) return null
          return (
            <div
              key={row.id}
              role="row"
              aria-rowindex={item.index + 2}
              tabIndex={open ? 0 : -1}
              className={classes.row}
              data-clickable={open ? true : undefined}
              style={{
                gridTemplateColumns: template,
                position: 'absolute',
                inset: '0 0 auto 0',
                height: item.size,
                transform: `translateY(${item.start}px)`,
              }}
              onClick={open && (() => open(row.original))}
              onKeyDown={
                open &&
                ((event) => {
                  if (event.key === 'Enter' && event.target === event.currentTarget) open(row.original)
                })
              }
            >
              {shown.map((column) => (
                <div
                  role="cell"
                  key={column.id}
                  className={classes.cell}
                  data-align={column.align}
                  data-mono={column.mono}
                >
                  {column.render ? column.render(row.original) : <Value of={column.value(row.original)} />}
                </div>
              ))}
              {actions && (
                // biome-ignore lint/a11y/useKeyWithClickEvents: only keeps clicks on the buttons inside from opening the row.
                <div role="cell" className={classes.cell} onClick={(event) => event.stopPropagation()}>
                  <Group gap={4} wrap="nowrap" justify="flex-end">
                    {actions(row.original)}
                  </Group>
                </div>
              )}
            </div>
          )
        })}
      </div>
      {model.length === 0 && clear && (
        <Group justify="center" p="xl">
          <Text c="dimmed" size="sm">
            {t('noMatch')}
          </Text>
          <Button variant="subtle" onClick={clear}>
            {t('clearFilter')}
          </Button>
        </Group>
      )}
    </div>
  )
}

function Value({ of }: { of: string | number | boolean | null | undefined }) {
  const t = useMessages(messages)
  if (of === null || of === undefined || of === '')
    return (
      <Text span c="dimmed">
        {'–'}
      </Text>
    )
  const text = typeof of === 'boolean' ? t(of ? 'yes' : 'no') : typeof of === 'number' ? of.toLocaleString() : of
  return (
    <span className={classes.text} title={text}>
      {text}
    </span>
  )
}

/** RFC 4180; a cell that a spreadsheet would take for a formula gets a quote in front. */
export function csv(rows: Record<string, unknown>[], headers: string[]): string {
  const cell = (value: unknown) => {
    let text = value === null || value === undefined ? '' : String(value)
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = [headers.map(cell), ...rows.map((row) => headers.map((header) => cell(row[header])))]
  return lines.map((line) => line.join(',')).join('\r\n')
}
