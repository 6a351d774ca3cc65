import type { Hint, Issue } from './problem'

/** Every field that an error body of any of our families may have. */
export interface ErrorBody {
  error?: string
  message?: string
  code?: string
  issues?: Issue[]
  hints?: Hint[]
  output?: string | null
  etag?: string
  requestId?: string
}
