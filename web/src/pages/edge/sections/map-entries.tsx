// The entries of a map: a table that scrolls through thousands, one entry at a time, or all of them as text.

import { ActionIcon, Button, Group, Stack, Textarea, TextInput, Title, Tooltip } from '@mantine/core'
import { IconFileText, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { type FormEvent, useMemo, useState } from 'react'
import type { MapEntry } from '~/api/schema'
import { useMay } from '~/app/session'
import { setField } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Dialog } from '~/ui/dialog'
import { Empty } from '~/ui/states'
import { messages as shared } from '../messages'
import { fromText, toText } from './map-text'
import { messages } from './messages'

interface Row extends MapEntry {
  index: number
}

export function MapEntries({ id, entries: given }: { id: string; entries: unknown }) {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const may = useMay('edge:state:write')
  const entries = useMemo(() => (Array.isArray(given) ? (given as MapEntry[]) : []), [given])
  const rows = useMemo<Row[]>(() => entries.map((entry, index) => ({ ...entry, index })), [entries])
  // The index of the entry that is changed, or −1 for a new one.
  const [edited, setEdited] = useState<number>()
  const [asText, setAsText] = useState(false)
  const put = (next: MapEntry[]) => setField('maps', id, ['entries'], next)
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'key', header: t('mapKey'), value: (row) => row.key, mono: true },
      { id: 'value', header: t('mapValue'), value: (row) => row.value, mono: true },
    ],
    [t],
  )
  const add = may && (
    <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => setEdited(-1)}>
      {t('mapAdd')}
    </Button>
  )
  const bulk = may && (
    <Button variant="default" leftSection={<IconFileText size={15} />} onClick={() => setAsText(true)}>
      {t('mapText')}
    </Button>
  )
  return (
    <Stack gap="sm" data-field="/entries">
      <Title order={2}>{t('mapEntries')}</Title>
      <DataTable
        label={t('mapEntries')}
        rows={rows}
        rowId={(row) => String(row.index)}
        columns={columns}
        toolbar={
          <>
            {add}
            {bulk}
          </>
        }
        empty={
          <Empty
            title={t('mapEmpty')}
            action={
              may && (
                <>
                  {add}
                  {bulk}
                </>
              )
            }
          >
            {t('mapEmptyText')}
          </Empty>
        }
        {...(may && {
          open: (row: Row) => setEdited(row.index),
          actions: (row: Row) => (
            <>
              <Tooltip label={s('edit')}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={s('editNamed', { name: row.key })}
                  onClick={() => setEdited(row.index)}
                >
                  <IconPencil size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label={s('remove')}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={s('removeNamed', { name: row.key })}
                  onClick={() => put(entries.filter((_, i) => i !== row.index))}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            </>
          ),
        })}
      />
      {edited !== undefined && (
        <EntryForm entries={entries} index={edited} put={put} close={() => setEdited(undefined)} />
      )}
      {asText && <TextForm entries={entries} put={put} close={() => setAsText(false)} />}
    </Stack>
  )
}

interface FormProps {
  entries: readonly MapEntry[]
  put: (next: MapEntry[]) => void
  close: () => void
}

function EntryForm({ entries, index, put, close }: FormProps & { index: number }) {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const old = entries[index]
  const [key, setKey] = useState(old?.key ?? '')
  const [value, setValue] = useState(old?.value ?? '')
  const [tried, setTried] = useState(false)
  const badKey = !/^[^\s#]\S*$/.test(key)
  const double = entries.some((entry, i) => i !== index && entry.key === key)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (badKey || double || value.trim() === '') return
    const entry = { ...old, key, value: value.trim() }
    put(old ? entries.map((other, i) => (i === index ? entry : other)) : [...entries, entry])
    close()
  }
  return (
    <Dialog opened onClose={close} title={old ? s('editNamed', { name: old.key }) : t('mapAdd')}>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <TextInput
            label={t('mapKey')}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={double ? t('mapDouble') : (tried || key !== '') && badKey ? t('mapBadKey') : undefined}
            spellCheck={false}
            required
            data-autofocus
          />
          <TextInput
            label={t('mapValue')}
            value={value}
            onChange={(event) => setValue(event.currentTarget.value)}
            error={tried && value.trim() === '' ? t('mapNoValue') : undefined}
            spellCheck={false}
            required
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {s('cancel')}
            </Button>
            <Button type="submit">{t('take')}</Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}

function TextForm({ entries, put, close }: FormProps) {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const [text, setText] = useState(() => toText(entries))
  const read = useMemo(() => fromText(text), [text])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (read.badLine !== undefined) return
    put(read.entries)
    close()
  }
  return (
    <Dialog opened onClose={close} title={t('mapText')} size="xl">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Textarea
            label={t('mapEntries')}
            description={t('mapTextHelp')}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={read.badLine !== undefined && t('mapBadLine', { line: read.badLine })}
            rows={18}
            classNames={{ input: 'mono' }}
            spellCheck={false}
            data-autofocus
          />
          <Group justify="space-between">
            <span aria-live="polite">{t('entries', { count: read.entries.length })}</span>
            <Group gap="xs">
              <Button variant="default" onClick={close}>
                {s('cancel')}
              </Button>
              <Button type="submit">{t('take')}</Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
