import { describe, expect, it } from 'vitest'
import type { MeshHour } from '~/api/schema'
import { answeredOf, scaleOf, sharesOf, slotsOf } from './slots'

const NOW = Date.UTC(2026, 3, 4, 12, 34)
const hour = (from: string, part: Partial<MeshHour> = {}): MeshHour => ({
  from,
  checks: 100,
  failures: 0,
  ms_avg: 10,
  ms_max: 50,
  ...part,
})

describe('slotsOf', () => {
  it('has one place for every hour, the present one last', () => {
    const slots = slotsOf([hour('2026-04-04T12:00:00Z'), hour('2026-04-04T09:00:00Z')], NOW, 4)
    expect(slots.map(({ from }) => new Date(from).getUTCHours())).toEqual([9, 10, 11, 12])
    expect(slots.map((slot) => slot.hour !== undefined)).toEqual([true, false, false, true])
  })

  it('drops what is older', () => {
    expect(slotsOf([hour('2026-04-03T12:00:00Z')], NOW, 24).every((slot) => slot.hour === undefined)).toBe(true)
  })
})

describe('sharesOf', () => {
  it('tells slow from failed', () => {
    expect(sharesOf(hour('', { failures: 25 }), 10)).toEqual({ slow: 1, failed: 0.25 })
    expect(sharesOf(hour('', { failures: 100, ms_avg: null }), 10)).toEqual({ slow: 0, failed: 1 })
    expect(sharesOf(hour('', { ms_avg: 0 }), 10).slow).toBeGreaterThan(0)
  })
})

describe('the whole', () => {
  it('is counted over all hours', () => {
    expect(answeredOf([hour('', { failures: 5 }), hour('', { failures: 0 })])).toEqual({ share: 0.975, checks: 200 })
    expect(answeredOf([])).toBeUndefined()
    expect(scaleOf([hour('', { ms_avg: 99 }), hour('', { ms_avg: null })])).toBe(100)
  })
})
