// Where the bars of a sparkline stand. Checks that were answered rise from a line, as high as their answer was slow; those that
// failed hang below it, so that nobody needs colours to tell them apart.

import type { Check } from '~/api/schema'

export interface Bar {
  x: number
  y: number
  height: number
  ok: boolean
}

export interface Size {
  width: number
  height: number
  /** How many checks there is room for; the newest stand at the right edge. */
  count: number
}

/** Of the height, what failures have below the line. */
const BELOW = 0.28
/** The lowest answered check is still seen. */
const LEAST = 2

/** Milliseconds at which a bar is as high as can be: a power of ten, so that the scale does not dance with every check. */
export function scaleOf(checks: readonly Check[]): number {
  const slowest = Math.max(0, ...checks.filter(({ ok }) => ok).map(({ ms }) => ms))
  let scale = 10
  while (scale < slowest) scale *= 10
  return scale
}

/** Answers of 1 ms and of 500 ms share a picture, so heights go by the logarithm. */
function share(ms: number, scale: number): number {
  return Math.log1p(Math.max(0, ms)) / Math.log1p(scale)
}

export function barsOf(checks: readonly Check[], { width, height, count }: Size): Bar[] {
  const shown = checks.slice(-count)
  const step = width / count
  const line = height * (1 - BELOW)
  const scale = scaleOf(shown)
  const first = count - shown.length
  return shown.map((check, i) => {
    const x = (first + i) * step
    if (!check.ok) return { x, y: line + 1, height: height - line - 1, ok: false }
    const tall = Math.max(LEAST, share(check.ms, scale) * line)
    return { x, y: line - tall, height: tall, ok: true }
  })
}

/** What a sparkline says, for a person who cannot see it. */
export function summaryOf(checks: readonly Check[]): {
  count: number
  failed: number
  fastest: number
  slowest: number
} {
  const times = checks.filter(({ ok }) => ok).map(({ ms }) => ms)
  return {
    count: checks.length,
    failed: checks.length - times.length,
    fastest: times.length > 0 ? Math.min(...times) : 0,
    slowest: times.length > 0 ? Math.max(...times) : 0,
  }
}
