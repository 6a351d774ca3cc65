// The daemon's OpenAPI document as a list of operations. Pure.

import { isObject, type Json } from '~/draft/json'

export interface Parameter {
  name: string
  in: string
  required: boolean
  description: string
}

export interface Operation {
  id: string
  method: string
  path: string
  tag: string
  summary: string
  description: string
  parameters: Parameter[]
  /** Content types of the body, with the name of its schema where it has one. */
  bodies: { type: string; schema: string }[]
  answers: { status: string; description: string }[]
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete']

const text = (value: Json): string => (typeof value === 'string' ? value : '')
const list = (value: Json): Json[] => (Array.isArray(value) ? value : [])

export function operationsOf(document: Json): Operation[] {
  const paths = isObject(document) && isObject(document.paths) ? document.paths : {}
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const found = isObject(item) ? item[method] : undefined
      return isObject(found) ? [operation(path, method, found)] : []
    }),
  )
}

function operation(path: string, method: string, raw: Record<string, Json>): Operation {
  const body = isObject(raw.requestBody) && isObject(raw.requestBody.content) ? raw.requestBody.content : {}
  return {
    id: text(raw.operationId) || `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    tag: text(list(raw.tags)[0]),
    summary: text(raw.summary),
    description: text(raw.description),
    parameters: list(raw.parameters).flatMap((parameter) =>
      isObject(parameter)
        ? [
            {
              name: text(parameter.name),
              in: text(parameter.in),
              required: parameter.required === true,
              description: text(parameter.description),
            },
          ]
        : [],
    ),
    bodies: Object.entries(body).map(([type, media]) => ({
      type,
      schema: schemaName(isObject(media) ? media.schema : undefined),
    })),
    answers: Object.entries(isObject(raw.responses) ? raw.responses : {}).map(([status, answer]) => ({
      status,
      description: isObject(answer) ? text(answer.description) : '',
    })),
  }
}

function schemaName(schema: Json): string {
  if (!isObject(schema)) return ''
  if (typeof schema.$ref === 'string') return schema.$ref.split('/').at(-1) ?? ''
  if (schema.type === 'array') return `${schemaName(schema.items)}[]`
  return ''
}

/** The command line that makes the request. */
export function curlOf(operation: Operation, origin: string): string {
  const body = operation.bodies[0]
  return [
    `curl -fsS${operation.method === 'GET' ? '' : ` -X ${operation.method}`}`,
    '-H "Authorization: Bearer $PLENUM_TOKEN"',
    ...(body ? [`-H 'content-type: ${body.type}' -d @body.json`] : []),
    `'${origin}${operation.path}'`,
  ].join(' \\\n  ')
}
