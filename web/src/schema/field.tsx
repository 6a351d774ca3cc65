// One field: which input it gets follows from its schema alone. The inputs themselves are in `inputs.tsx` (single values) and
// `groups.tsx` (lists, records, objects within objects).

import { Box } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import { pointerOf } from '~/draft/issues'
import type { Json, Path } from '~/draft/json'
import { useForm } from './context'
import { ObjectInput, ObjectsInput, RecordInput, VariantsInput } from './groups'
import {
  BodyInput,
  ChoiceInput,
  ChoicesInput,
  JsonInput,
  NumberField,
  ReferenceInput,
  SecretInput,
  SwitchInput,
  TextField,
  TextsInput,
} from './inputs'
import { useWords } from './labels'
import { isPlain, ReadOnly } from './read-only'
import { referenceOf } from './references'
import { kindOf, type Node, resolve } from './schema'

/** What every input is given. */
export interface InputProps {
  node: Node
  def: string | undefined
  value: Json
  path: Path
  label: string
  help: string
  error: string | undefined
  required: boolean
  nullable: boolean
}

const WIDE = new Set(['objects', 'record', 'object', 'variants', 'body', 'json', 'texts'])

/** What is below these has no place of its own: a link to an entry leads to the whole. */
const DEEP = new Set(['texts', 'choices', 'record', 'json'])

export function Field({
  def,
  name,
  node: given,
  value,
  path,
  required,
}: {
  def: string | undefined
  name: string
  node: Node
  value: Json
  path: Path
  required: boolean
}) {
  const { defs, issues, readOnly } = useForm()
  const words = useWords()
  const { node, def: own, nullable } = resolve(defs, given)
  const { label, help } = words(def, name, given.description ? given : node)
  const reference = referenceOf(def, name)
  const kind = kindOf(defs, node)
  if (kind === 'constant') return null
  const props: InputProps = {
    node,
    def: own,
    value,
    path,
    label,
    help,
    error: issues.get(pointerOf(path)),
    required,
    nullable,
  }
  return (
    <Spot path={path} wide={WIDE.has(kind)} deep={DEEP.has(kind)}>
      {readOnly && isPlain(kind) ? (
        <ReadOnly {...props} kind={kind} />
      ) : reference && kind === 'text' ? (
        <ReferenceInput {...props} reference={reference} />
      ) : (
        input(kind, props)
      )}
    </Spot>
  )
}

function input(kind: ReturnType<typeof kindOf>, props: InputProps): ReactNode {
  switch (kind) {
    case 'switch':
      return <SwitchInput {...props} />
    case 'choice':
      return <ChoiceInput {...props} />
    case 'number':
      return <NumberField {...props} />
    case 'text':
      return <TextField {...props} />
    case 'body':
      return <BodyInput {...props} />
    case 'secret':
      return <SecretInput {...props} />
    case 'texts':
      return <TextsInput {...props} />
    case 'choices':
      return <ChoicesInput {...props} />
    case 'objects':
      return <ObjectsInput {...props} />
    case 'record':
      return <RecordInput {...props} />
    case 'object':
      return <ObjectInput {...props} />
    case 'variants':
      return <VariantsInput {...props} />
    case 'json':
      return <JsonInput {...props} />
    case 'constant':
      return null
  }
}

/** The place of a field, which a link from an issue or a hint scrolls to and focuses. */
export function Spot({
  path,
  wide = false,
  deep = false,
  children,
}: {
  path: Path
  wide?: boolean
  deep?: boolean
  children: ReactNode
}) {
  const { focus } = useForm()
  const element = useRef<HTMLDivElement>(null)
  const here = pointerOf(path)
  const wanted = focus === here || (deep && focus?.startsWith(`${here}/`) === true)
  useEffect(() => {
    const box = element.current
    if (!wanted || !box) return
    box.scrollIntoView({ block: 'center' })
    box.querySelector<HTMLElement>('input, textarea, button, [tabindex]')?.focus()
  }, [wanted])
  return (
    <Box ref={element} data-field={pointerOf(path)} style={wide ? { gridColumn: '1 / -1' } : undefined}>
      {children}
    </Box>
  )
}
