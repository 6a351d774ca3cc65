import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { calmly } from './live'

describe('calmly', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('acts at once, and once more for a burst', async () => {
    const acted: string[] = []
    const act = calmly(async (key) => void acted.push(key))
    for (let i = 0; i < 1000; i++) act('services')
    act('status')
    expect(acted).toEqual(['services', 'status'])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(acted).toEqual(['services', 'status', 'services'])
    act('services')
    expect(acted).toHaveLength(4)
  })

  it('lets what is slow end, and then rests as long', async () => {
    let running = 0
    let begun = 0
    const act = calmly(async () => {
      begun += 1
      running += 1
      expect(running).toBe(1)
      await new Promise((done) => setTimeout(done, 2_000))
      running -= 1
    })
    for (let i = 0; i < 100; i++) {
      act('services')
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(begun).toBe(3)
  })

  it('goes on after a failure', async () => {
    let begun = 0
    const act = calmly(async () => {
      begun += 1
      throw new Error('nobody answers')
    })
    act('services')
    await vi.advanceTimersByTimeAsync(5_000)
    act('services')
    expect(begun).toBe(2)
  })
})
