import type { ErrorBody } from './types'

/** What is wrong with one value of a document, in Zod's shape. */
export interface Issue {
  code: string
  path: (string | number)[]
  message: string
}

/** One message of HAProxy, led back to what caused it. */
export interface Hint {
  severity: string
  line?: number | null
  message: string
  entity?: { kind: string; name: string } | null
  ref?: { kind: string; id: string; label: string } | null
  path: (string | number)[]
  raw: string
}

/** An answer of the API that is not a success, or none at all (status 0). */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly issues: Issue[]
  readonly hints: Hint[]
  readonly output: string | undefined
  readonly etag: string | undefined
  readonly requestId: string | undefined
  /** Seconds to wait, where the answer says so. */
  readonly retryAfter: number | undefined

  constructor(status: number, body: ErrorBody, response?: Response) {
    super(body.message ?? body.error ?? response?.statusText ?? '')
    this.name = 'Problem'
    this.status = status
    this.code = body.code ?? ''
    this.issues = body.issues ?? []
    this.hints = body.hints ?? []
    this.output = body.output ?? undefined
    this.etag = body.etag?.replaceAll('"', '')
    this.requestId = body.requestId ?? response?.headers.get('x-request-id') ?? undefined
    const wait = response?.headers.get('retry-after')
    this.retryAfter = wait ? Number(wait) : undefined
  }

  /** Whether nobody answered: the daemon is down or the network is. */
  get isUnreachable(): boolean {
    return this.status === 0
  }
}
