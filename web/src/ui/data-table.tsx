// The one table of the app: filter, sort, choice of columns, export, and only the visible rows in the page, so that five
// thousand rows scroll as smoothly as fifty.

import { ActionIcon, Box, Button, Checkbox, Group, Menu, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconColumns3, IconDownload, IconSearch, IconX } from '@tabler/icons-react'
import { type NavigateOptions, useRouter } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, type ReactNode, startTransition, useDeferredValue, useMemo, useRef, useState } from 'react'
import { useMessages } from '~/i18n'
import { useAddressText } from './address-text'
import { csv } from './csv'
import classes from './data-table.module.css'
import { messages } from './messages'
import { filterRows, nextSort, type Sort, sortRows, textsOf } from './rows'
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
  /** Where a click on a row, or Enter, leads; the page there is loaded when the pointer comes near. */
  to?: (row: Row) => NavigateOptions
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
const nothing = () => {}

export function DataTable<Row>({
  label,
  columns,
  rows,
  rowId,
  empty,
  actions,
  actionsWidth = '92px',
  open: act,
  to,
  initialSort,
  toolbar,
  rowHeight = 42,
  filter: kept = '',
  onFilter = nothing,
}: Props<Row>) {
  const t = useMessages(messages)
  const router = useRouter()
  const open = to ? (row: Row) => void router.navigate(to(row)) : act
  const { text: filter, type: setFilter, input } = useAddressText(kept, onFilter)
  const [sort, setSort] = useState<Sort | null>(
    initialSort ? { id: initialSort.id, desc: initialSort.desc ?? false } : null,
  )
  const [hidden, setHidden] = useState<ReadonlySet<string>>(
    () => new Set(columns.filter((column) => column.hidden).map((column) => column.id)),
  )
  // Typing goes on while five thousand rows are filtered.
  const deferred = useDeferredValue(filter)
  const list = useDeferredValue(rows, NONE)
  const isFiltered = deferred !== ''
  const texts = useMemo(() => (isFiltered ? textsOf(list, columns) : NONE), [list, columns, isFiltered])
  const found = useMemo(() => filterRows(list, texts, deferred), [list, texts, deferred])
  const model = useMemo(
    () =>
      sortRows(
        found,
        columns.find(({ id }) => id === sort?.id),
        sort?.desc ?? false,
      ),
    [found, columns, sort],
  )
  const shown = useMemo(() => columns.filter((column) => !hidden.has(column.id)), [columns, hidden])
  const toggleColumn = (id: string) =>
    setHidden((now) => {
      const next = new Set(now)
      if (!next.delete(id)) next.add(id)
      return next
    })
  // Whatever else the page does at the same time, such as closing a dialog, goes before drawing the rows anew.
  const body = useDeferredValue(
    <Rows
      label={label}
      model={model}
      shown={shown}
      rowId={rowId}
      sort={sort}
      toggle={(column) => startTransition(() => setSort((now) => nextSort(now, column, list)))}
      actions={actions}
      actionsWidth={actionsWidth}
      open={open}
      rowHeight={rowHeight}
      clear={list.length > 0 ? () => setFilter('') : undefined}
    />,
  )

  if (rows.length === 0) return empty

  const [first] = list
  const near = to && first && (() => void router.preloadRoute(to(first)))

  const headers = shown.map((column) => column.header)
  const cells = () => model.map((row) => shown.map((column) => column.value(row) ?? null))
  const objects = () => cells().map((row) => Object.fromEntries(row.map((value, i) => [headers[i], value])))
  const name = label.toLowerCase().replace(/[^a-z0-9]+/g, '-')

  return (
    <Box className={classes.frame} onPointerEnter={near} onFocus={near}>
      <Group p="xs" gap="xs" className={classes.toolbar}>
        <TextInput
          {...input}
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
                aria-checked={!hidden.has(column.id)}
                disabled={shown.length === 1 && !hidden.has(column.id)}
                onClick={() => toggleColumn(column.id)}
                leftSection={<Checkbox.Indicator size="xs" checked={!hidden.has(column.id)} />}
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
            <Menu.Item onClick={() => save(`${name}.csv`, 'text/csv', csv(headers, cells()))}>
              {t('exportCsv')}
            </Menu.Item>
            <Menu.Item onClick={() => save(`${name}.json`, 'application/json', JSON.stringify(objects(), null, 2))}>
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
  model: readonly Row[]
  shown: readonly Column<Row>[]
  rowId: (row: Row) => string
  sort: Sort | null
  toggle: (column: Column<Row>) => void
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
  rowId,
  sort,
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
    // With the page's height for a guess the rows are drawn with the rest, and not all at once after it.
    initialRect: { width: 0, height: window.innerHeight },
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
            const direction = sort?.id === column.id ? (sort.desc ? 'descending' : 'ascending') : 'none'
            return (
              <div
                key={column.id}
                role="columnheader"
                aria-sort={direction}
                className={classes.cell}
                data-align={column.align}
              >
                <UnstyledButton
                  className={classes.sort}
                  onClick={() => toggle(column)}
                  title={t('sortBy', { column: column.header })}
                >
                  {column.header}
                  {direction === 'ascending' && <IconArrowUp size={13} aria-hidden />}
                  {direction === 'descending' && <IconArrowDown size={13} aria-hidden />}
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
          return (
            row && (
              <Line
                key={rowId(row)}
                row={row}
                index={item.index}
                height={item.size}
                top={item.start}
                template={template}
                shown={shown}
                actions={actions}
                open={open}
              />
            )
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

interface LineProps<Row> extends Pick<RowsProps<Row>, 'shown' | 'actions' | 'open'> {
  row: Row
  index: number
  height: number
  top: number
  template: string
}

/** One row; while others are scrolled in and out, it is not drawn again. */
const Line = memo(function Line<Row>({ row, index, height, top, template, shown, actions, open }: LineProps<Row>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      tabIndex={open ? 0 : -1}
      className={classes.row}
      data-clickable={open ? true : undefined}
      style={{
        gridTemplateColumns: template,
        position: 'absolute',
        inset: '0 0 auto 0',
        height,
        transform: `translateY(${top}px)`,
      }}
      onClick={open && (() => open(row))}
      onKeyDown={
        open &&
        ((event) => {
          if (event.key === 'Enter' && event.target === event.currentTarget) open(row)
        })
      }
    >
      {shown.map((column) => (
        <div role="cell" key={column.id} className={classes.cell} data-align={column.align} data-mono={column.mono}>
          {column.render ? column.render(row) : <Value of={column.value(row)} />}
        </div>
      ))}
      {actions && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: only keeps clicks on the buttons inside from opening the row.
        <div role="cell" className={classes.actions} onClick={(event) => event.stopPropagation()}>
          {actions(row)}
        </div>
      )}
    </div>
  )
}) as <Row>(props: LineProps<Row>) => ReactNode

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
