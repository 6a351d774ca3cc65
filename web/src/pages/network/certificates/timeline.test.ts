import { describe, expect, it } from 'vitest'
import { axisOf, barOf, daysUntil, positionOf, ticksOf } from './timeline'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 3, 4)

describe('the axis', () => {
  it('goes from now to the last end', () => {
    const axis = axisOf([NOW + 30 * DAY, NOW + 90 * DAY], NOW)
    expect(axis).toEqual({ from: NOW, to: NOW + 90 * DAY })
    expect(positionOf(axis, NOW)).toBe(0)
    expect(positionOf(axis, NOW + 45 * DAY)).toBe(50)
    expect(positionOf(axis, NOW + 900 * DAY)).toBe(100)
  })

  it('begins earlier when something has ended already', () => {
    const axis = axisOf([NOW - 10 * DAY, NOW + 90 * DAY], NOW)
    expect(axis.from).toBe(NOW - 10 * DAY)
    expect(barOf(axis, NOW - 10 * DAY, NOW)).toEqual({ left: 0, width: 10 })
    expect(barOf(axis, NOW + 90 * DAY, NOW)).toEqual({ left: 10, width: 90 })
  })

  it('is never empty', () => {
    expect(axisOf([], NOW).to).toBeGreaterThan(NOW)
    expect(axisOf([NOW], NOW).to).toBe(NOW + 7 * DAY)
  })

  it('has even steps from end to end', () => {
    expect(ticksOf({ from: 0, to: 100 })).toEqual([0, 25, 50, 75, 100])
  })
})

describe('daysUntil', () => {
  it('counts whole days that are left, and those since it ended', () => {
    expect(daysUntil(NOW + 90 * DAY, NOW)).toBe(90)
    expect(daysUntil(NOW + DAY / 2, NOW)).toBe(0)
    expect(daysUntil(NOW - DAY / 2, NOW)).toBe(-1)
    expect(daysUntil(NOW - 2.5 * DAY, NOW)).toBe(-2)
  })
})
