// Inputs for single values. Text is taken over when the field is left or Enter is pressed: one edit, one step of undo, and a
// document of five megabytes is not rebuilt with every key.

import { MultiSelect, NumberInput, PasswordInput, Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { type ChangeEvent, type KeyboardEvent, useState } from 'react'
import { useList } from '~/draft/hooks'
import { equal } from '~/draft/json'
import { useMessages } from '~/i18n'
import { useForm } from './context'
import type { InputProps } from './field'
import { messages } from './messages'
import type { Reference } from './references'
import { problemOf, resolve } from './schema'

/** The text being typed, until it is handed over. */
function useTyped(value: string, commit: (text: string) => void) {
  const [typed, setTyped] = useState<string | null>(null)
  const done = () => {
    if (typed !== null && typed !== value) commit(typed)
    setTyped(null)
  }
  return {
    text: typed ?? value,
    bind: {
      value: typed ?? value,
      onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => setTyped(event.currentTarget.value),
      onBlur: done,
      onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
        if (event.key === 'Enter' && !(event.target instanceof HTMLTextAreaElement)) done()
        if (event.key === 'Escape') setTyped(null)
      },
    },
  }
}

function useProblem(): (node: InputProps['node'], text: string, isSet: boolean) => string | undefined {
  const t = useMessages(messages)
  return (node, text, isSet) => {
    const problem = isSet || text !== '' ? problemOf(node, text) : undefined
    return problem && t(problem, { count: node.maxLength ?? 0 })
  }
}

/** A default as text, for the placeholder of an input that is not set. */
function defaultText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export function TextField({ node, value, path, label, help, error, required, nullable }: InputProps) {
  const { change, readOnly } = useForm()
  const problem = useProblem()
  const current = typeof value === 'string' ? value : ''
  const { text, bind } = useTyped(current, (next) =>
    change(path, next === '' && !required ? (nullable ? null : undefined) : next),
  )
  return (
    <TextInput
      label={label}
      description={help}
      error={problem(node, text, value !== undefined && value !== null) ?? error}
      required={required}
      readOnly={readOnly}
      placeholder={defaultText(node.default)}
      spellCheck={false}
      autoComplete="off"
      {...bind}
    />
  )
}

export function BodyInput({ value, path, label, help, error, required, nullable }: InputProps) {
  const { change, readOnly } = useForm()
  const { bind } = useTyped(typeof value === 'string' ? value : '', (next) =>
    change(path, next === '' && !required ? (nullable ? null : undefined) : next),
  )
  return (
    <Textarea
      label={label}
      description={help}
      error={error}
      required={required}
      readOnly={readOnly}
      autosize
      minRows={4}
      maxRows={24}
      className="mono"
      {...bind}
    />
  )
}

/** A secret is never shown: `***` stands for one that is there, and sending it back keeps it. */
export function SecretInput({ value, path, label, help, error, required, nullable }: InputProps) {
  const t = useMessages(messages)
  const { change, readOnly } = useForm()
  const kept = value === '***'
  const { bind } = useTyped(kept || typeof value !== 'string' ? '' : value, (next) => {
    if (next !== '') change(path, next)
    else if (!kept && !required) change(path, nullable ? null : undefined)
  })
  return (
    <PasswordInput
      label={label}
      description={help}
      error={error}
      required={required}
      readOnly={readOnly}
      placeholder={t(kept ? 'secretKept' : 'secretNone')}
      autoComplete="new-password"
      {...bind}
    />
  )
}

export function NumberField({ node, value, path, label, help, error, required, nullable }: InputProps) {
  const { change, readOnly } = useForm()
  const [typed, setTyped] = useState<string | number | null>(null)
  const current = typeof value === 'number' ? value : ''
  const commit = () => {
    if (typed !== null && typed !== current) {
      if (typed === '') change(path, nullable ? null : required ? (node.minimum ?? 0) : undefined)
      else if (typeof typed === 'number') change(path, typed)
    }
    setTyped(null)
  }
  const least = node.minimum ?? (node.exclusiveMinimum !== undefined ? node.exclusiveMinimum + 1 : undefined)
  return (
    <NumberInput
      label={label}
      description={help}
      error={error}
      required={required}
      readOnly={readOnly}
      value={typed ?? current}
      onChange={setTyped}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
      allowDecimal={node.type === 'number'}
      {...(least !== undefined && { min: least })}
      {...(node.maximum !== undefined && { max: node.maximum })}
      placeholder={defaultText(node.default)}
      size="sm"
    />
  )
}

export function SwitchInput({ value, path, label, help, error, node }: InputProps) {
  const { change, readOnly } = useForm()
  const isOn = typeof value === 'boolean' ? value : node.default === true
  return (
    <Switch
      label={label}
      description={help}
      error={error}
      checked={isOn}
      disabled={readOnly}
      onChange={(event) => change(path, event.currentTarget.checked)}
      mt={6}
    />
  )
}

export function ChoiceInput({ node, value, path, label, help, error, required, nullable }: InputProps) {
  const t = useMessages(messages)
  const { change, readOnly } = useForm()
  const options = (node.enum ?? []).map(String)
  return (
    <Select
      label={label}
      description={help}
      error={error}
      required={required}
      readOnly={readOnly}
      data={options}
      value={value === undefined || value === null ? null : String(value)}
      onChange={(next) =>
        change(
          path,
          next === null ? (nullable ? null : undefined) : (node.enum?.find((each) => String(each) === next) ?? next),
        )
      }
      placeholder={defaultText(node.default) ?? t('unset')}
      clearable={!required && !readOnly}
      allowDeselect={!required}
      searchable={options.length > 8}
    />
  )
}

export function ReferenceInput({
  value,
  path,
  label,
  help,
  error,
  required,
  nullable,
  reference,
}: InputProps & { reference: Reference }) {
  const t = useMessages(messages)
  const { change, readOnly } = useForm()
  const list = useList(reference.section) as readonly { id: string; name?: string }[]
  const options = list.map((entity) => ({
    value: reference.by === 'id' ? entity.id : (entity.name ?? entity.id),
    label:
      entity.name && entity.name !== entity.id && reference.by === 'id'
        ? `${entity.name} (${entity.id})`
        : (entity.name ?? entity.id),
  }))
  const seen = new Set<string>()
  const unique = options.filter((option) => !seen.has(option.value) && seen.add(option.value))
  const current = typeof value === 'string' && value !== '' ? value : null
  if (current && !seen.has(current)) unique.unshift({ value: current, label: t('unknown', { value: current }) })
  return (
    <Select
      label={label}
      description={help}
      error={error}
      required={required}
      readOnly={readOnly}
      data={unique}
      value={current}
      onChange={(next) => change(path, next ?? (nullable ? null : undefined))}
      placeholder={t('none')}
      clearable={!required && !readOnly}
      allowDeselect={!required}
      searchable
      limit={100}
    />
  )
}

export function TextsInput({ node, value, path, label, help, error, required, nullable }: InputProps) {
  const t = useMessages(messages)
  const { defs, change, readOnly } = useForm()
  const problem = useProblem()
  const item = resolve(defs, node.items ?? {}).node
  const list = Array.isArray(value) ? value.map(String) : []
  const wrong = list.map((text) => problem(item, text, true)).find((found) => found !== undefined)
  // Directives and patterns hold commas and spaces, and their order means something: one line each.
  if (/directives|options|patterns|values/i.test(String(path.at(-1)))) {
    return (
      <LinesInput {...{ node, def: undefined, value, path, label, help, required, nullable }} error={error ?? wrong} />
    )
  }
  return (
    <TagsInput
      label={label}
      description={help}
      error={error ?? wrong}
      required={required}
      readOnly={readOnly}
      value={list}
      onChange={(next) => change(path, next.length === 0 && nullable ? null : next)}
      placeholder={list.length === 0 ? t('typeHere') : ''}
      size="sm"
      splitChars={[',', '\n']}
    />
  )
}

function LinesInput({ value, path, label, help, error, required }: InputProps) {
  const { change, readOnly } = useForm()
  const list = Array.isArray(value) ? value.map(String) : []
  const { bind } = useTyped(list.join('\n'), (next) => {
    const lines = next
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
    if (!equal(lines, list)) change(path, lines)
  })
  return (
    <Textarea
      label={label}
      description={help}
      error={error}
      required={required}
      readOnly={readOnly}
      autosize
      minRows={2}
      maxRows={16}
      spellCheck={false}
      classNames={{ input: 'mono' }}
      {...bind}
    />
  )
}

export function ChoicesInput({ node, value, path, label, help, error, required, nullable }: InputProps) {
  const { defs, change, readOnly } = useForm()
  const item = resolve(defs, node.items ?? {}).node
  const list = Array.isArray(value) ? value.map(String) : []
  return (
    <MultiSelect
      label={label}
      description={help}
      error={error}
      required={required}
      readOnly={readOnly}
      data={(item.enum ?? []).map(String)}
      value={list}
      onChange={(next) => change(path, next.length === 0 && nullable ? null : next)}
      size="sm"
    />
  )
}

export function JsonInput({ value, path, label, help, error, required }: InputProps) {
  const t = useMessages(messages)
  const { change, readOnly } = useForm()
  const [wrong, setWrong] = useState<string>()
  const { bind } = useTyped(value === undefined ? '' : JSON.stringify(value, null, 2), (next) => {
    try {
      change(path, next.trim() === '' ? undefined : JSON.parse(next))
      setWrong(undefined)
    } catch (cause) {
      setWrong(t('badJson', { reason: cause instanceof Error ? cause.message : String(cause) }))
    }
  })
  return (
    <Textarea
      label={label}
      description={help}
      error={wrong ?? error}
      required={required}
      readOnly={readOnly}
      autosize
      minRows={2}
      maxRows={16}
      spellCheck={false}
      classNames={{ input: 'mono' }}
      {...bind}
    />
  )
}
