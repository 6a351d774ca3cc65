// The servers of a backend, as a table that is edited in place; what is rarely needed is in a drawer.

import {
  ActionIcon,
  Box,
  Button,
  Checkbox,
  Group,
  NumberInput,
  Paper,
  Stack,
  Table,
  Text,
  Textarea,
  TextInput,
  Title,
  Tooltip,
} from '@mantine/core'
import { IconAdjustments, IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import type { Backend, Server } from '~/api/schema'
import type { Json, Path } from '~/draft/json'
import { useMessages } from '~/i18n'
import { SchemaForm } from '~/schema/schema-form'
import { Dialog, SidePanel } from '~/ui/dialog'
import { stripped, within } from '../part'
import { ServerState } from './live'
import { messages } from './messages'
import { freshName, newServer, serversOf } from './paste'
import classes from './servers.module.css'

interface Props {
  backend: Backend
  change: (path: Path, value: Json) => void
  issues: ReadonlyMap<string, string>
  focus: string | undefined
  readOnly: boolean
}

export function Servers({ backend, change, issues, focus, readOnly }: Props) {
  const t = useMessages(messages)
  const { servers } = backend
  // A link to a field of a server opens that server.
  const wanted = /^\/servers\/(\d+)/.exec(focus ?? '')?.[1]
  const [open, setOpen] = useState<number | null>(wanted === undefined ? null : Number(wanted))
  const [pasting, setPasting] = useState(false)
  const put = (next: Server[]) => change(['servers'], next)
  const add = () =>
    put([...servers, newServer(freshName('', new Set(servers.map((server) => server.name))), '127.0.0.1:8080', true)])
  return (
    <Paper p={0} component="section" aria-label={t('servedBy')}>
      <Group p="sm" justify="space-between">
        <Title order={2}>{`${t('servers')} · ${servers.length}`}</Title>
        {!readOnly && (
          <Group gap="xs">
            <Button variant="default" onClick={() => setPasting(true)}>
              {t('addSeveral')}
            </Button>
            <Button variant="light" leftSection={<IconPlus size={15} />} onClick={add}>
              {t('addServer')}
            </Button>
          </Group>
        )}
      </Group>
      {servers.length === 0 && (
        <Text p="sm" size="sm" c="red">
          {t('noServers')}
        </Text>
      )}
      <Box className={classes.scroll} tabIndex={0} role="region" aria-label={t('servedBy')}>
        <Table className={classes.table}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('server')}</Table.Th>
              <Table.Th>{t('address')}</Table.Th>
              <Table.Th w={92}>{t('weight')}</Table.Th>
              <Table.Th w={100}>{t('check')}</Table.Th>
              <Table.Th w={84}>{t('backup')}</Table.Th>
              <Table.Th w={60}>{t('tls')}</Table.Th>
              <Table.Th w={130}>{t('live')}</Table.Th>
              <Table.Th w={1} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {servers.map((server, i) => (
              <Row
                // biome-ignore lint/suspicious/noArrayIndexKey: servers have no id, and a rename must not lose the focus.
                key={i}
                backend={backend.name}
                server={server}
                index={i}
                last={i === servers.length - 1}
                readOnly={readOnly}
                issue={
                  [...issues].find(
                    ([pointer]) => pointer === `/servers/${i}` || pointer.startsWith(`/servers/${i}/`),
                  )?.[1]
                }
                change={(field, value) => change(['servers', i, field], value)}
                open={() => setOpen(i)}
                move={(to) => {
                  const next = [...servers]
                  const [moved] = next.splice(i, 1)
                  if (moved) next.splice(to, 0, moved)
                  put(next)
                }}
                remove={() => put(servers.filter((_, at) => at !== i))}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Box>
      <SidePanel
        opened={open !== null && servers[open] !== undefined}
        onClose={() => setOpen(null)}
        size="lg"
        title={open !== null ? (servers[open]?.name ?? '') : ''}
      >
        {open !== null && servers[open] && (
          <SchemaForm
            def="Server"
            value={servers[open]}
            change={(path, value) => change(['servers', open, ...path], value)}
            readOnly={readOnly}
            issues={within(issues, `/servers/${open}`)}
            focus={stripped(focus, `/servers/${open}`)}
          />
        )}
      </SidePanel>
      {pasting && <Paste servers={servers} put={put} close={() => setPasting(false)} />}
    </Paper>
  )
}

interface RowProps {
  backend: string
  server: Server
  index: number
  last: boolean
  readOnly: boolean
  issue: string | undefined
  change: (field: string, value: Json) => void
  open: () => void
  move: (to: number) => void
  remove: () => void
}

function Row({ backend, server, index, last, readOnly, issue, change, open, move, remove }: RowProps) {
  const t = useMessages(messages)
  const { name } = server
  if (readOnly) {
    return (
      <Table.Tr>
        <Table.Td className="mono">{name}</Table.Td>
        <Table.Td className="mono">{server.address}</Table.Td>
        <Table.Td>{server.weight ?? '–'}</Table.Td>
        <Flag on={server.check} label={t('check')} />
        <Flag on={server.backup} label={t('backup')} />
        <Flag on={server.ssl} label={t('tls')} />
        <Table.Td>
          <ServerState backend={backend} server={name} />
        </Table.Td>
        <Table.Td>
          <Small label={t('more', { name })} onClick={open}>
            <IconAdjustments size={16} />
          </Small>
        </Table.Td>
      </Table.Tr>
    )
  }
  return (
    <Table.Tr>
      <Table.Td>
        <Cell label={`${t('server')} ${index + 1}`} value={name} commit={(value) => change('name', value)} />
      </Table.Td>
      <Table.Td>
        <Cell
          label={`${t('address')} ${name}`}
          value={server.address}
          commit={(value) => change('address', value)}
          error={issue}
        />
      </Table.Td>
      <Table.Td>
        <Weight label={`${t('weight')} ${name}`} value={server.weight} commit={(value) => change('weight', value)} />
      </Table.Td>
      <Table.Td>
        <Checkbox
          aria-label={`${t('check')} ${name}`}
          checked={server.check}
          onChange={(event) => change('check', event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td>
        <Checkbox
          aria-label={`${t('backup')} ${name}`}
          checked={server.backup}
          onChange={(event) => change('backup', event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td>
        <Checkbox
          aria-label={`${t('tls')} ${name}`}
          checked={server.ssl}
          onChange={(event) => change('ssl', event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td>
        <ServerState backend={backend} server={name} />
      </Table.Td>
      <Table.Td>
        <Group gap={2} wrap="nowrap">
          <Small label={t('moveUp', { name })} disabled={index === 0} onClick={() => move(index - 1)}>
            <IconArrowUp size={15} />
          </Small>
          <Small label={t('moveDown', { name })} disabled={last} onClick={() => move(index + 1)}>
            <IconArrowDown size={15} />
          </Small>
          <Small label={t('more', { name })} onClick={open}>
            <IconAdjustments size={16} />
          </Small>
          <Small label={t('remove', { name })} onClick={remove}>
            <IconTrash size={15} />
          </Small>
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}

function Flag({ on, label }: { on: boolean; label: string }) {
  return <Table.Td>{on ? label : '–'}</Table.Td>
}

function Small({
  label,
  disabled = false,
  onClick,
  children,
}: {
  label: string
  disabled?: boolean
  onClick: () => void
  children: ReactNode
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} disabled={disabled} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  )
}

/** A text that is taken over when it is left, or by Enter; Escape takes it back. */
function Cell({
  label,
  value,
  commit,
  error,
}: {
  label: string
  value: string
  commit: (value: string) => void
  error?: string | undefined
}) {
  const [typed, setTyped] = useState<string | null>(null)
  const done = () => {
    if (typed !== null && typed !== value) commit(typed.trim())
    setTyped(null)
  }
  return (
    <TextInput
      aria-label={label}
      size="xs"
      classNames={{ input: 'mono' }}
      value={typed ?? value}
      error={error}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={done}
      onKeyDown={(event) => {
        if (event.key === 'Enter') done()
        if (event.key === 'Escape') setTyped(null)
      }}
    />
  )
}

function Weight({
  label,
  value,
  commit,
}: {
  label: string
  value: number | undefined
  commit: (value: number | undefined) => void
}) {
  const [typed, setTyped] = useState<string | number | null>(null)
  const done = () => {
    if (typed === '') commit(undefined)
    else if (typeof typed === 'number' && typed !== value) commit(typed)
    setTyped(null)
  }
  return (
    <NumberInput
      aria-label={label}
      size="xs"
      min={0}
      max={256}
      allowDecimal={false}
      placeholder="1"
      value={typed ?? value ?? ''}
      onChange={setTyped}
      onBlur={done}
      onKeyDown={(event) => event.key === 'Enter' && done()}
    />
  )
}

function Paste({ servers, put, close }: { servers: Server[]; put: (next: Server[]) => void; close: () => void }) {
  const t = useMessages(messages)
  const [text, setText] = useState('')
  const found = serversOf(text, new Set(servers.map((server) => server.name)))
  const [bad] = found.bad
  return (
    <Dialog opened onClose={close} title={t('severalTitle')} size="lg">
      <Stack>
        <Textarea
          label={t('servers')}
          description={t('severalHelp')}
          error={bad && t('severalBad', { line: bad.line, text: bad.text })}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autosize
          minRows={6}
          maxRows={18}
          spellCheck={false}
          classNames={{ input: 'mono' }}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button
            disabled={found.servers.length === 0 || bad !== undefined}
            onClick={() => {
              put([...servers, ...found.servers])
              close()
            }}
          >
            {`${t('addServer')} · ${found.servers.length}`}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
