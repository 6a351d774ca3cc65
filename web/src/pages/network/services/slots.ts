// The hours of a service's history as bars: above a line how slow answers were, below it what part of the checks failed. Hours
// without checks leave a gap.

import type { MeshHour } from '~/api/schema'

export interface Slot {
  /** The full hour at which it begins. */
  from: number
  hour: MeshHour | undefined
}

const HOUR = 3_600_000

/** The last hours, oldest first, whether there were checks in them or not. */
export function slotsOf(hours: readonly MeshHour[], now: number, count: number): Slot[] {
  const known = new Map(hours.map((hour) => [Math.floor(Date.parse(hour.from) / HOUR), hour]))
  const last = Math.floor(now / HOUR)
  return Array.from({ length: count }, (_, i) => {
    const number = last - count + 1 + i
    return { from: number * HOUR, hour: known.get(number) }
  })
}

/** Shares of the heights above and below the line, 0 to 1. */
export function sharesOf(hour: MeshHour, scale: number): { slow: number; failed: number } {
  const average = hour.ms_avg ?? 0
  return {
    slow: hour.checks > hour.failures ? Math.max(0.06, Math.min(1, Math.log1p(average) / Math.log1p(scale))) : 0,
    failed: hour.checks > 0 ? hour.failures / hour.checks : 0,
  }
}

/** A power of ten that holds every average. */
export function scaleOf(hours: readonly MeshHour[]): number {
  const slowest = Math.max(0, ...hours.map(({ ms_avg }) => ms_avg ?? 0))
  let scale = 10
  while (scale < slowest) scale *= 10
  return scale
}

/** What part of all checks was answered; `undefined` without any. */
export function answeredOf(hours: readonly MeshHour[]): { share: number; checks: number } | undefined {
  const checks = hours.reduce((sum, hour) => sum + hour.checks, 0)
  const failures = hours.reduce((sum, hour) => sum + hour.failures, 0)
  return checks > 0 ? { share: (checks - failures) / checks, checks } : undefined
}
