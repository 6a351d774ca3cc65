import { describe, expect, it } from 'vitest'
import type { Check } from '~/api/schema'
import { barsOf, scaleOf, summaryOf } from './sparkline'

const check = (ms: number, ok = true): Check => ({ at: '2026-01-01T00:00:00Z', ms, ok })
const SIZE = { width: 100, height: 20, count: 10 }

describe('barsOf', () => {
  it('draws nothing of nothing', () => {
    expect(barsOf([], SIZE)).toEqual([])
  })

  it('stands the newest at the right edge, and drops what there is no room for', () => {
    const few = barsOf([check(1), check(2)], SIZE)
    expect(few.map(({ x }) => x)).toEqual([80, 90])
    const many = barsOf(
      Array.from({ length: 60 }, (_, i) => check(i)),
      SIZE,
    )
    expect(many).toHaveLength(10)
    expect(many.at(-1)?.x).toBe(90)
  })

  it('is as high as an answer was slow, and never leaves its frame', () => {
    const bars = barsOf([check(0), check(3), check(100), check(5_000)], SIZE)
    const heights = bars.map(({ height }) => height)
    expect(heights).toEqual([...heights].sort((a, b) => a - b))
    for (const { y, height } of bars) {
      expect(y).toBeGreaterThanOrEqual(0)
      expect(y + height).toBeLessThanOrEqual(20)
      expect(height).toBeGreaterThanOrEqual(2)
    }
  })

  it('hangs failures below the line where answers stand', () => {
    const [answered, failed] = barsOf([check(5), check(3_000, false)], SIZE)
    expect(failed?.ok).toBe(false)
    expect(failed?.y).toBeGreaterThan((answered?.y ?? 0) + (answered?.height ?? 0))
    expect((failed?.y ?? 0) + (failed?.height ?? 0)).toBeLessThanOrEqual(20)
  })
})

describe('scaleOf', () => {
  it('is a power of ten that holds every answer, whatever the failures took', () => {
    expect(scaleOf([])).toBe(10)
    expect(scaleOf([check(10), check(3_000, false)])).toBe(10)
    expect(scaleOf([check(11)])).toBe(100)
    expect(scaleOf([check(2_400)])).toBe(10_000)
  })
})

describe('summaryOf', () => {
  it('counts failures and the extremes of what was answered', () => {
    expect(summaryOf([check(4), check(9, false), check(12)])).toEqual({ count: 3, failed: 1, fastest: 4, slowest: 12 })
    expect(summaryOf([check(9, false)])).toEqual({ count: 1, failed: 1, fastest: 0, slowest: 0 })
  })
})
