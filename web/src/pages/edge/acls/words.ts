// An ACL as a sentence, and the common samples that the editor offers. Pure.

import type { Acl, Operator } from '~/api/schema'
import type { Params } from '~/i18n'
import type { AclMessage } from './messages'

type Translate = (key: AclMessage, params?: Params) => string

/** What a sample is about. */
interface Subject {
  key: 'isHost' | 'isPath' | 'isSrc' | 'isMethod' | 'isHeader' | 'isQuery' | 'isCookie' | 'isTls' | 'isSni' | 'isPort'
  arg: string
  /** How it is compared when nothing else is said: some fetches carry it in their name. */
  as: Operator | 'in'
}

const FIXED: Readonly<Record<string, [Subject['key'], Subject['as']]>> = {
  path: ['isPath', 'str'],
  path_beg: ['isPath', 'beg'],
  path_end: ['isPath', 'end'],
  path_sub: ['isPath', 'sub'],
  path_reg: ['isPath', 'reg'],
  path_dir: ['isPath', 'dir'],
  src: ['isSrc', 'in'],
  method: ['isMethod', 'str'],
  ssl_fc: ['isTls', 'bool'],
  ssl_fc_sni: ['isSni', 'str'],
  req_ssl_sni: ['isSni', 'str'],
  'req.ssl_sni': ['isSni', 'str'],
  dst_port: ['isPort', 'int'],
}

const NAMED: readonly [RegExp, Subject['key']][] = [
  [/^(?:req\.)?f?hdr$/, 'isHeader'],
  [/^url(?:_)?param$|^urlp$/, 'isQuery'],
  [/^(?:req\.)?cook(?:ie)?$/, 'isCookie'],
]

const SUFFIXES: Readonly<Record<string, Operator>> = {
  beg: 'beg',
  end: 'end',
  sub: 'sub',
  reg: 'reg',
  dir: 'dir',
  dom: 'dom',
}

/** The fetch of a sample without its converters, with its argument. */
function fetchOf(acl: Pick<Acl, 'field' | 'fieldArg'>): { fetch: string; arg: string } {
  const [first = ''] = acl.field.split(/,(?![^(]*\))/)
  const found = /^([^()]+)\((.*)\)$/.exec(first.trim())
  return { fetch: found?.[1] ?? first.trim(), arg: (found?.[2] ?? acl.fieldArg ?? '').trim() }
}

function subjectOf(acl: Pick<Acl, 'field' | 'fieldArg'>): Subject | undefined {
  const { fetch, arg } = fetchOf(acl)
  const fixed = FIXED[fetch]
  if (fixed) return { key: fixed[0], arg: '', as: fixed[1] }
  const suffix = /_(beg|end|sub|reg|dir|dom)$/.exec(fetch)?.[1]
  const stem = suffix ? fetch.slice(0, -suffix.length - 1) : fetch
  const key = NAMED.find(([pattern]) => pattern.test(stem))?.[1]
  if (!key || arg === '') return undefined
  const as = (suffix && SUFFIXES[suffix]) || 'str'
  return key === 'isHeader' && arg.toLowerCase() === 'host' ? { key: 'isHost', arg: '', as } : { key, arg, as }
}

const VERBS: Partial<Record<Operator | 'in', AclMessage>> = {
  str: 'opEquals',
  int: 'opEquals',
  eq: 'opEquals',
  ip: 'opIn',
  in: 'opIn',
  beg: 'opBegins',
  end: 'opEnds',
  sub: 'opContains',
  dom: 'opContains',
  dir: 'opContains',
  reg: 'opMatches',
  found: 'opFound',
}

const SHOWN = 2

/** When an ACL is true, in words. */
export function meaningOf(acl: Pick<Acl, 'field' | 'fieldArg' | 'operator' | 'values'>, t: Translate): string {
  const subject = subjectOf(acl)
  const what = subject ? t(subject.key, { arg: subject.arg }) : sampleOf(acl)
  if (subject?.key === 'isTls') return what
  const op = acl.operator ?? subject?.as
  const verb = op && VERBS[op]
  if (!verb) return t('opOther', { what, op: op && op !== 'in' ? op : '=', values: listed(acl.values, t) })
  return t(verb, { what, values: listed(acl.values, t) })
}

function sampleOf(acl: Pick<Acl, 'field' | 'fieldArg'>): string {
  return acl.fieldArg ? `${acl.field}(${acl.fieldArg})` : acl.field
}

function listed(values: readonly string[], t: Translate): string {
  if (values.length === 0) return t('noValues')
  const text = values.slice(0, SHOWN).join(t('or'))
  return values.length > SHOWN ? t('andMore', { values: text, count: values.length - SHOWN }) : text
}

/** A common sample: what choosing it puts into the ACL. */
export interface Preset {
  id: AclMessage
  field: string
  operator?: Operator
  caseInsensitive?: boolean
  /** Whether the fetch needs a name, which goes into `fieldArg`. */
  named?: boolean
  /** An example of a value. */
  example: string
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'kindHost',
    field: 'req.hdr(host),host_only',
    operator: 'str',
    caseInsensitive: true,
    example: 'www.example.com',
  },
  {
    id: 'kindDomain',
    field: 'req.hdr(host),host_only',
    operator: 'end',
    caseInsensitive: true,
    example: '.example.com',
  },
  { id: 'kindPath', field: 'path', operator: 'str', example: '/status' },
  { id: 'kindPathBeg', field: 'path', operator: 'beg', example: '/api/' },
  { id: 'kindPathEnd', field: 'path', operator: 'end', example: '.png' },
  { id: 'kindPathReg', field: 'path', operator: 'reg', example: '^/v[0-9]+/' },
  { id: 'kindSrc', field: 'src', example: '10.0.0.0/8' },
  { id: 'kindMethod', field: 'method', example: 'POST' },
  { id: 'kindHeader', field: 'req.hdr', operator: 'str', named: true, example: 'application/json' },
  { id: 'kindQuery', field: 'url_param', operator: 'str', named: true, example: '1' },
  { id: 'kindCookie', field: 'req.cook', operator: 'str', named: true, example: 'beta' },
  { id: 'kindTls', field: 'ssl_fc', operator: 'bool', example: 'true' },
  { id: 'kindSni', field: 'ssl_fc_sni', operator: 'str', caseInsensitive: true, example: 'www.example.com' },
  { id: 'kindPort', field: 'dst_port', operator: 'int', example: '8443' },
]

/** The preset that an ACL is like; `undefined` when it looks at something else. */
export function presetOf(acl: Pick<Acl, 'field' | 'operator'>): Preset | undefined {
  return (
    PRESETS.find((preset) => preset.field === acl.field && preset.operator === acl.operator) ??
    PRESETS.find((preset) => preset.field === acl.field && preset.named)
  )
}

/** The ACL looking at something else; its values stay, for they may well fit. */
export function withPreset(acl: Acl, preset: Preset): Acl {
  const { operator: _, fieldArg: arg, ...rest } = acl
  return {
    ...rest,
    field: preset.field,
    ...(preset.operator && { operator: preset.operator }),
    ...(preset.named && arg && { fieldArg: arg }),
    caseInsensitive: preset.caseInsensitive ?? false,
    values: preset.id === 'kindTls' ? ['true'] : acl.values,
  }
}
