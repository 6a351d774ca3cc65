// A new entity of a list: asked for nothing but its name (and its kind, where there are several); everything else begins with
// the schema's defaults and is set in its form.

import { Button, Group, Radio, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { queries } from '~/api/queries'
import { freshId, putEntity, useList } from '~/draft/hooks'
import { isObject } from '~/draft/json'
import type { EntityOf, ListSection } from '~/draft/sections'
import { useMessages } from '~/i18n'
import { type Definitions, initial, type Node, problemOf, resolve } from '~/schema/schema'
import { Dialog } from '~/ui/dialog'
import { messages } from './messages'

export interface Choice {
  /** The value of the discriminator. */
  value: string
  label: string
  help: string
}

interface Props {
  section: ListSection
  def: string
  title: string
  /** Which field the name is. */
  named: 'name' | 'label' | 'id'
  /** The kinds of a union. */
  choices?: { key: string; label: string; options: readonly Choice[] }
  list: string
  /** What else a new one begins with. */
  start?: Record<string, unknown>
  close: () => void
}

/** The schema of a new entity: of the chosen variant, for a union. */
function nodeOf(defs: Definitions, def: string, key: string | undefined, value: string): Node {
  const { node } = resolve(defs, { $ref: `#/$defs/${def}` })
  if (!key) return node
  return (
    (node.oneOf ?? [])
      .map((option) => resolve(defs, option).node)
      .find((option) => option.properties?.[key]?.const === value) ?? node
  )
}

export function Create({ section, def, title, named, choices, list, start, close }: Props) {
  const t = useMessages(messages)
  const navigate = useNavigate()
  const schema = useQuery(queries.schema())
  const taken = useList(section) as readonly Record<string, unknown>[]
  const [name, setName] = useState('')
  const [choice, setChoice] = useState(choices?.options[0]?.value ?? '')
  const [tried, setTried] = useState(false)
  const defs = (schema.data?.$defs ?? {}) as Definitions
  const node = nodeOf(defs, def, choices?.key, choice)
  const rule = resolve(defs, node.properties?.[named] ?? {}).node
  const problem = problemOf({ minLength: 1, ...rule }, name)
  const double = named !== 'label' && taken.some((other) => other[named] === name)
  const error = double
    ? t('nameTaken')
    : problem === 'long'
      ? t('nameLong', { count: rule.maxLength ?? 0 })
      : problem &&
        (name === '' ? (tried ? t('nameEmpty') : undefined) : t(named === 'id' ? 'idPattern' : 'namePattern'))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (problem || double || !schema.data) return
    const made = initial(defs, node)
    const id = named === 'id' ? name : freshId(section, name)
    const entity = { ...(isObject(made) ? made : {}), ...start, [named]: name, id }
    putEntity(section, entity as unknown as EntityOf<typeof section>)
    void navigate({ to: `${list}/${id}` })
  }
  return (
    <Dialog opened onClose={close} title={title}>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          <TextInput
            label={t(named === 'id' ? 'identifier' : 'name')}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={error}
            spellCheck={false}
            autoComplete="off"
            required
            data-autofocus
          />
          {choices && (
            <Radio.Group label={choices.label} value={choice} onChange={setChoice}>
              <Stack gap={6} mt={6}>
                {choices.options.map((option) => (
                  <Radio key={option.value} value={option.value} label={option.label} description={option.help} />
                ))}
              </Stack>
            </Radio.Group>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit">{t('create')}</Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
