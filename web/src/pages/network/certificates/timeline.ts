// The one axis on which all certificates end. Positions are per cent of its width.

export interface Axis {
  from: number
  to: number
}

const DAY = 86_400_000
/** However soon everything ends, the axis is so long. */
const LEAST = 7 * DAY

/** From now, or from the first certificate that has ended, to the end of the last. */
export function axisOf(ends: readonly number[], now: number): Axis {
  const from = Math.min(now, ...ends)
  return { from, to: Math.max(from + LEAST, ...ends) }
}

export function positionOf(axis: Axis, at: number): number {
  return Math.min(100, Math.max(0, ((at - axis.from) / (axis.to - axis.from)) * 100))
}

/** What is filled of a bar: from now to the end, or, of what has ended, from the end to now. */
export function barOf(axis: Axis, end: number, now: number): { left: number; width: number } {
  const [a, b] = [positionOf(axis, now), positionOf(axis, end)]
  return { left: Math.min(a, b), width: Math.abs(b - a) }
}

/** So many even steps of the axis, its ends included. */
export function ticksOf(axis: Axis, steps = 4): number[] {
  return Array.from({ length: steps + 1 }, (_, i) => axis.from + ((axis.to - axis.from) * i) / steps)
}

/** Whole days until then; once it is over, the days since, at least one, as a negative number. */
export function daysUntil(end: number, now: number): number {
  const days = (end - now) / DAY
  return days < 0 ? Math.min(-1, Math.ceil(days)) : Math.floor(days)
}
