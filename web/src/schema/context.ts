import { createContext, useContext } from 'react'
import type { Json, Path } from '~/draft/json'
import type { Definitions } from './schema'

/** What every input of a form knows. */
export interface Form {
  defs: Definitions
  readOnly: boolean
  /** Sets the value at a path from the entity on; `undefined` takes it away. */
  change: (path: Path, value: Json) => void
  /** Messages by pointer from the entity on. */
  issues: ReadonlyMap<string, string>
  /** The pointer of the field that a link wants seen. */
  focus: string | undefined
}

export const FormContext = createContext<Form | null>(null)

export function useForm(): Form {
  const form = useContext(FormContext)
  if (!form) throw new Error('an input of the schema stands outside a SchemaForm')
  return form
}
