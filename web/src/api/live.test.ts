import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { calmly } from './live'

describe('calmly', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('acts at once, and once more for a burst', () => {
    const acted: string[] = []
    const act = calmly((key) => acted.push(key))
    for (let i = 0; i < 1000; i++) act('services')
    act('status')
    expect(acted).toEqual(['services', 'status'])
    vi.advanceTimersByTime(5_000)
    expect(acted).toEqual(['services', 'status', 'services'])
    act('services')
    expect(acted).toHaveLength(4)
  })
})
