// Inputs for what has parts of its own: objects within objects, lists of objects, records, and unions told apart by one field.

import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  Input,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { isObject, type Json, type Path } from '~/draft/json'
import { useLanguage, useMessages } from '~/i18n'
import { useForm } from './context'
import type { InputProps } from './field'
import { useWords } from './labels'
import { messages } from './messages'
import { initial, type Node, resolve, variantOf, variants } from './schema'
import { Fields } from './schema-form'

/** An object: its fields; an optional one can be set up and taken away as a whole. */
export function ObjectInput({ node, def, value, path, label, help, error, required, nullable }: InputProps) {
  const t = useMessages(messages)
  const { defs, change, readOnly } = useForm()
  const isThere = isObject(value)
  const optional = !required && (node.default === undefined || nullable)
  if (!isThere) {
    return (
      <Input.Wrapper label={label} description={help} error={error}>
        {readOnly ? (
          <Text size="sm" c="dimmed">
            {t('unset')}
          </Text>
        ) : (
          <Group mt={4}>
            <Button
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() => change(path, initial(defs, node))}
            >
              {`${t('setUp')}: ${label}`}
            </Button>
          </Group>
        )}
      </Input.Wrapper>
    )
  }
  return (
    <Fieldset legend={label} variant="filled">
      {help && (
        <Text size="xs" c="dimmed" mb="sm">
          {help}
        </Text>
      )}
      {error && (
        <Text size="xs" c="red" mb="sm">
          {error}
        </Text>
      )}
      <Fields node={def ? { $ref: `#/$defs/${def}` } : node} value={value} path={path} />
      {optional && !readOnly && (
        <Button
          mt="sm"
          variant="subtle"
          color="gray"
          leftSection={<IconTrash size={14} />}
          onClick={() => change(path, nullable ? null : undefined)}
        >
          {`${t('takeAway')}: ${label}`}
        </Button>
      )}
    </Fieldset>
  )
}

/** What a person calls an item of a list. */
export function nameOf(item: Json, fallback: string): string {
  if (!isObject(item)) return fallback
  for (const key of ['name', 'label', 'id', 'key', 'address', 'username', 'type', 'kind']) {
    const value = item[key]
    if (typeof value === 'string' && value !== '') return value
  }
  return fallback
}

export function ObjectsInput({ node, value, path, label, help, error, required }: InputProps) {
  const t = useMessages(messages)
  const { defs, change, readOnly } = useForm()
  const list = Array.isArray(value) ? value : []
  const item = node.items ?? {}
  const put = (next: Json[]) => change(path, next)
  const move = (from: number, to: number) => {
    const next = [...list]
    const [moved] = next.splice(from, 1)
    next.splice(to, 0, moved)
    put(next)
  }
  return (
    <Fieldset legend={required ? `${label} *` : label} variant="filled">
      <Stack gap="sm">
        {help && (
          <Text size="xs" c="dimmed">
            {help}
          </Text>
        )}
        {error && (
          <Text size="xs" c="red">
            {error}
          </Text>
        )}
        {list.map((each, i) => {
          const name = nameOf(each, t('item', { count: i + 1 }))
          return (
            <Paper key={keyOf(each, i)} p="sm" component="section" aria-label={name}>
              <Group justify="space-between" mb="xs" wrap="nowrap">
                <Text fw={600} size="sm" className="mono" truncate>
                  {name}
                </Text>
                {!readOnly && (
                  <Group gap={2} wrap="nowrap">
                    <Small label={t('moveUp', { name })} disabled={i === 0} onClick={() => move(i, i - 1)}>
                      <IconArrowUp size={15} />
                    </Small>
                    <Small
                      label={t('moveDown', { name })}
                      disabled={i === list.length - 1}
                      onClick={() => move(i, i + 1)}
                    >
                      <IconArrowDown size={15} />
                    </Small>
                    <Small label={t('remove', { name })} onClick={() => put(list.filter((_, at) => at !== i))}>
                      <IconTrash size={15} />
                    </Small>
                  </Group>
                )}
              </Group>
              <Item node={item} value={each} path={[...path, i]} />
            </Paper>
          )
        })}
        {!readOnly && (
          <Group>
            <Button
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() => put([...list, named(initial(defs, item), list)])}
            >
              {`${t('add')}: ${label}`}
            </Button>
          </Group>
        )}
      </Stack>
    </Fieldset>
  )
}

function Item({ node, value, path }: { node: Node; value: Json; path: Path }) {
  const { defs } = useForm()
  const resolved = resolve(defs, node)
  if (resolved.node.oneOf) return <VariantFields node={resolved.node} def={resolved.def} value={value} path={path} />
  return <Fields node={node} value={value} path={path} />
}

function keyOf(item: Json, index: number): string {
  return isObject(item) && typeof item.id === 'string' && item.id !== '' ? item.id : String(index)
}

/** A new item needs an id that its neighbours do not have. */
function named(item: Json, list: readonly Json[]): Json {
  if (!isObject(item) || item.id !== '') return item
  const taken = new Set(list.map((each) => (isObject(each) ? each.id : undefined)))
  let n = list.length + 1
  while (taken.has(`item-${n}`)) n++
  return { ...item, id: `item-${n}` }
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
  children: React.ReactNode
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} disabled={disabled} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  )
}

export function VariantsInput({ node, def, value, path, label, help, error }: InputProps) {
  return (
    <Fieldset legend={label} variant="filled">
      {help && (
        <Text size="xs" c="dimmed" mb="sm">
          {help}
        </Text>
      )}
      {error && (
        <Text size="xs" c="red" mb="sm">
          {error}
        </Text>
      )}
      <VariantFields node={node} def={def} value={value} path={path} />
    </Fieldset>
  )
}

/** A union: which variant it is, and the fields of that one. What both variants have is kept on a change. */
export function VariantFields({
  node,
  def,
  value,
  path,
}: {
  node: Node
  def?: string | undefined
  value: Json
  path: Path
}) {
  const words = useWords()
  const language = useLanguage()
  const { defs, change, readOnly } = useForm()
  const key = node.discriminator?.propertyName ?? 'type'
  const options = variants(defs, node)
  const variant = variantOf(defs, node, value)
  const choose = (name: string | null) => {
    const next = options.find(([option]) => option === name)?.[1]
    if (!next) return
    const made = initial(defs, next)
    const old = isObject(value) ? value : {}
    const kept = Object.fromEntries(Object.entries(old).filter(([field]) => field !== key && next.properties?.[field]))
    change(path, isObject(made) ? { ...made, ...kept } : made)
  }
  return (
    <Stack gap="sm">
      <Select
        label={words(def, key, {}).label}
        data={options.map(([name]) => ({ value: name, label: name }))}
        value={isObject(value) && typeof value[key] === 'string' ? value[key] : null}
        onChange={choose}
        readOnly={readOnly}
        allowDeselect={false}
        searchable={options.length > 8}
      />
      {/* Variants have no words of their own in other languages; their fields have. */}
      {language === 'en' && variant?.description && (
        <Text size="xs" c="dimmed">
          {variant.description}
        </Text>
      )}
      {variant && <Fields node={variant} of={def} value={value} path={path} />}
    </Stack>
  )
}

export function RecordInput({ node, value, path, label, help, error }: InputProps) {
  const t = useMessages(messages)
  const { change, readOnly } = useForm()
  const [key, setKey] = useState('')
  const record = isObject(value) ? value : {}
  const add = () => {
    if (key !== '' && !(key in record)) change([...path, key], '')
    setKey('')
  }
  const body = isObject(node.additionalProperties) && !node.additionalProperties.pattern
  return (
    <Fieldset legend={label} variant="filled">
      <Stack gap="xs">
        {help && (
          <Text size="xs" c="dimmed">
            {help}
          </Text>
        )}
        {error && (
          <Text size="xs" c="red">
            {error}
          </Text>
        )}
        {Object.entries(record).map(([name, text]) => (
          <Group key={name} align="flex-end" wrap="nowrap">
            <RecordValue
              name={name}
              text={typeof text === 'string' ? text : JSON.stringify(text)}
              path={[...path, name]}
              long={body}
            />
            {!readOnly && (
              <Small label={t('remove', { name })} onClick={() => change([...path, name], undefined)}>
                <IconTrash size={15} />
              </Small>
            )}
          </Group>
        ))}
        {!readOnly && (
          <Group align="flex-end">
            <TextInput
              label={t('key')}
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
              onKeyDown={(event) => event.key === 'Enter' && add()}
            />
            <Button variant="default" disabled={key === ''} leftSection={<IconPlus size={14} />} onClick={add}>
              {t('add')}
            </Button>
          </Group>
        )}
      </Stack>
    </Fieldset>
  )
}

function RecordValue({ name, text, path, long }: { name: string; text: string; path: Path; long: boolean }) {
  const { readOnly, change } = useForm()
  const [typed, setTyped] = useState<string | null>(null)
  const done = () => {
    if (typed !== null && typed !== text) change(path, typed)
    setTyped(null)
  }
  const props = { label: name, value: typed ?? text, readOnly, onBlur: done, style: { flex: 1 }, spellCheck: false }
  return long ? (
    <Input.Wrapper label={name} style={{ flex: 1 }}>
      <Input
        component="textarea"
        rows={6}
        multiline
        value={typed ?? text}
        readOnly={readOnly}
        onBlur={done}
        aria-label={name}
        onChange={(event: React.ChangeEvent<HTMLTextAreaElement>) => setTyped(event.currentTarget.value)}
      />
    </Input.Wrapper>
  ) : (
    <TextInput {...props} onChange={(event) => setTyped(event.currentTarget.value)} />
  )
}
