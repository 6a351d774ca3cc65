// What is answered to each error, read from a defaults block or a set of error files, and changed there. Pure.
//
// A whole page (`errorPageContents`) is a raw HTTP response. People edit its body; the header is made here, and kept when
// somebody wrote one by hand.

import { isObject, type Json } from '~/draft/json'

/** The status codes that HAProxy has error pages for. */
export const CODES = [
  '200',
  '400',
  '401',
  '403',
  '404',
  '405',
  '407',
  '408',
  '410',
  '413',
  '421',
  '422',
  '425',
  '429',
  '500',
  '501',
  '502',
  '503',
  '504',
] as const

const PHRASES: Readonly<Record<string, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Content Too Large',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  425: 'Too Early',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

export function phraseOf(code: string): string {
  return PHRASES[code] ?? ''
}

/** HAProxy's own page, a file of the machine, a page of ours, or one in which log-format variables are replaced. */
export type Source = 'own' | 'file' | 'page' | 'template'

export interface Answer {
  code: string
  source: Source
  /** The file's path, the whole response, or the template. */
  text: string
}

function textAt(record: Json, code: string): string {
  const value = isObject(record) ? record[code] : undefined
  return typeof value === 'string' ? value : ''
}

/** This path stands for HAProxy's own page. */
function builtIn(code: string): string {
  return `/etc/haproxy/errors/tpl/${code}.http`
}

interface Holder {
  errorFiles?: Json
  errorPageContents?: Json
  lfFileContents?: Json
}

export function answersOf(holder: Holder): Answer[] {
  return CODES.map((code) => {
    const template = textAt(holder.lfFileContents, code)
    if (template !== '') return { code, source: 'template', text: template }
    const page = textAt(holder.errorPageContents, code)
    if (page !== '') return { code, source: 'page', text: page }
    const file = textAt(holder.errorFiles, code)
    return file !== '' && file !== builtIn(code)
      ? { code, source: 'file', text: file }
      : { code, source: 'own', text: '' }
  })
}

/** The holder with another answer for a code. What the schema does not know there is left out. */
export function withAnswer<T extends Holder>(holder: T, { code, source, text }: Answer, hasPages: boolean): T {
  const files = put(holder.errorFiles, code, source === 'file' ? text : hasPages ? builtIn(code) : undefined)
  if (!hasPages) return { ...holder, errorFiles: files }
  return {
    ...holder,
    errorFiles: files,
    errorPageContents: put(holder.errorPageContents, code, source === 'page' ? text : undefined),
    lfFileContents: put(holder.lfFileContents, code, source === 'template' ? text : undefined),
  }
}

function put(record: Json, code: string, text: string | undefined): Record<string, Json> {
  const copy: Record<string, Json> = isObject(record) ? { ...record } : {}
  if (text === undefined) delete copy[code]
  else copy[code] = text
  return copy
}

/** A response in its two halves; what has no header at all is all body. */
export function split(response: string): { header: string; body: string } {
  const end = /\r?\n\r?\n/.exec(response)
  if (!end || !response.startsWith('HTTP/')) return { header: '', body: response }
  return { header: response.slice(0, end.index), body: response.slice(end.index + end[0].length) }
}

export function join(code: string, header: string, body: string): string {
  const lines = header.trim() === '' ? defaultHeader(code) : header.split(/\r?\n/).map((line) => line.trimEnd())
  return `${lines.filter((line) => line !== '').join('\r\n')}\r\n\r\n${body}`
}

function defaultHeader(code: string): string[] {
  return [
    `HTTP/1.0 ${code} ${phraseOf(code)}`.trimEnd(),
    'Cache-Control: no-cache',
    'Connection: close',
    'Content-Type: text/html; charset=utf-8',
  ]
}

/** What an own page begins with. */
export function firstBody(code: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${code} ${phraseOf(code)}</title>
</head>
<body>
<h1>${code} ${phraseOf(code)}</h1>
<p>Please try again in a moment.</p>
</body>
</html>
`
}
