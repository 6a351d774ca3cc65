// The one way to talk to the daemon: typed by its own OpenAPI document, and every failure a `Problem`.

import createClient from 'openapi-fetch'
import { Problem } from './problem'
import type { paths } from './schema'
import type { ErrorBody } from './types'

export const api = createClient<paths>({ credentials: 'same-origin' })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

function isBody(value: unknown): value is ErrorBody {
  return typeof value === 'object' && value !== null
}

/** The answer with its headers; throws a {@link Problem} for everything but a success. */
export async function answer<T>(asked: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  let got: Answer<T>
  try {
    got = await asked
  } catch (cause) {
    // fetch throws a TypeError when nobody answers; an abort is the caller's own wish.
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new Problem(0, {})
  }
  const { data, error, response } = got
  if (!response.ok)
    throw new Problem(response.status, isBody(error) ? error : { message: String(error ?? '') }, response)
  return { data: data as T, response }
}

/** The answer's body; throws a {@link Problem} for everything but a success. */
export async function unwrap<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await answer(asked)).data
}
