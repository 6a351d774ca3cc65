// A form made from the document's JSON Schema. A layout says what stands together and first; what no layout names is still
// there, under "More settings", so that a new field of the schema can be edited the day it appears.

import { Accordion, Box, SimpleGrid, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ComponentType, useMemo } from 'react'
import { queries } from '~/api/queries'
import { isObject, type Json, type Path } from '~/draft/json'
import { useLanguage, useMessages } from '~/i18n'
import { Gradually, Soon } from '~/ui/soon'
import { Loaded } from '~/ui/states'
import { FormContext, useForm } from './context'
import { Field } from './field'
import { loadSpanish } from './labels'
import { messages } from './messages'
import { type Definitions, kindOf, type Node, resolve } from './schema'

/** What a hand-made input of a field gets. */
export interface WidgetProps {
  path: Path
  value: Json
  node: Node
}

export interface Group {
  title: string
  fields: readonly string[]
  /** Folded until it is opened. The first group never is. */
  folded?: boolean
}

export interface Layout {
  groups?: readonly Group[]
  /** Not shown: the page shows them itself, or they never change. */
  hide?: readonly string[]
  /** Hand-made inputs in place of those that the schema gives. */
  widgets?: Readonly<Record<string, ComponentType<WidgetProps>>>
}

interface Props {
  /** The definition in the schema, such as `Backend`. */
  def: string
  value: Json
  change: (path: Path, value: Json) => void
  readOnly?: boolean
  layout?: Layout
  issues?: ReadonlyMap<string, string>
  focus?: string | undefined
}

/** Fields that are put on the page together. */
const AT_ONCE = 6

const NO_ISSUES: ReadonlyMap<string, string> = new Map()

export function SchemaForm({ def, value, change, readOnly = false, layout, issues = NO_ISSUES, focus }: Props) {
  const schema = useQuery(queries.schema())
  const language = useLanguage()
  const words = useQuery({
    queryKey: ['schema-words'],
    queryFn: loadSpanish,
    enabled: language === 'es',
    staleTime: Number.POSITIVE_INFINITY,
  })
  const form = useMemo(
    () => ({ defs: (schema.data?.$defs ?? {}) as Definitions, readOnly, change, issues, focus }),
    [schema.data, readOnly, change, issues, focus],
  )
  if (language === 'es' && words.isPending) return null
  return (
    <Loaded query={schema}>
      {() => (
        <FormContext value={form}>
          <Fields node={{ $ref: `#/$defs/${def}` }} value={value} path={[]} {...(layout && { layout })} />
        </FormContext>
      )}
    </Loaded>
  )
}

/** The fields of an object, by a layout. */
export function Fields({
  node: given,
  value,
  path,
  layout = {},
  of,
}: {
  node: Node
  value: Json
  path: Path
  layout?: Layout
  /** The definition whose words the fields have, where the node has none: the union of a variant. */
  of?: string | undefined
}) {
  const t = useMessages(messages)
  const { defs, focus } = useForm()
  const { node, def = of } = resolve(defs, given)
  const hidden = new Set(layout.hide)
  const names = Object.entries(node.properties ?? {})
    .filter(([name, property]) => !hidden.has(name) && property.const === undefined)
    .map(([name]) => name)
  const named = new Set(layout.groups?.flatMap((group) => group.fields))
  const rest = names.filter((name) => !named.has(name))
  const groups: Group[] = layout.groups
    ? [...layout.groups, ...(rest.length > 0 ? [{ title: t('more'), fields: rest, folded: true }] : [])]
    : [{ title: '', fields: rest }]

  const grid = (fields: readonly string[]) => {
    // A group of nothing but one object shows that object's fields: its frame would only say the group's title again.
    const [only, ...others] = fields.filter((name) => names.includes(name))
    const inner = only !== undefined && isObject(value) ? value[only] : undefined
    if (only !== undefined && others.length === 0 && isObject(inner) && !layout.widgets?.[only]) {
      const property = node.properties?.[only] ?? {}
      const optional = !node.required?.includes(only) && resolve(defs, property).node.default === undefined
      if (!optional && kindOf(defs, resolve(defs, property).node) === 'object')
        return <Fields node={property} value={inner} path={[...path, only]} />
    }
    return plainGrid(fields)
  }

  const plainGrid = (fields: readonly string[]) => (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="sm">
      <Gradually atOnce={AT_ONCE}>
        {fields
          .filter((name) => names.includes(name))
          .map((name) => {
            const property = node.properties?.[name]
            if (!property) return null
            const at = [...path, name]
            const Widget = layout.widgets?.[name]
            const inner = isObject(value) ? value[name] : undefined
            if (Widget) {
              return (
                <Box key={name} style={{ gridColumn: '1 / -1' }}>
                  <Widget path={at} value={inner} node={property} />
                </Box>
              )
            }
            return (
              <Field
                key={name}
                def={def}
                name={name}
                node={property}
                value={inner}
                path={at}
                required={node.required?.includes(name) ?? false}
              />
            )
          })}
      </Gradually>
    </SimpleGrid>
  )

  const open = groups.flatMap((group, i) =>
    !group.folded || i === 0 || group.fields.some((name) => focus?.startsWith(`/${[...path, name].join('/')}`))
      ? [`group-${i}`]
      : [],
  )
  if (groups.length === 1 && groups[0]) return grid(groups[0].fields)
  return (
    <Stack gap="md">
      <Accordion key={focus ?? ''} multiple variant="separated" defaultValue={open} keepMounted={false} order={2}>
        {groups.map((group, i) => (
          // The value becomes part of an id, which a title with spaces must not.
          <Accordion.Item key={group.title} value={`group-${i}`}>
            <Accordion.Control>{group.title}</Accordion.Control>
            <Accordion.Panel>
              <Soon>{grid(group.fields)}</Soon>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  )
}
