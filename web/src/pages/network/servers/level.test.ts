import { describe, expect, it } from 'vitest'
import { heatOf, levelOf, percentOf, sizeOf, spanOf } from './level'

describe('levels', () => {
  it('change above 70 and above 90 per cent', () => {
    expect([0, 70, 70.1, 90, 90.1, 100].map(levelOf)).toEqual(['calm', 'calm', 'high', 'high', 'critical', 'critical'])
  })

  it('change above 70 and above 85 degrees', () => {
    expect([40, 70, 71, 85, 86].map(heatOf)).toEqual(['calm', 'calm', 'high', 'high', 'critical'])
  })
})

describe('numbers', () => {
  it('are short, in powers of 1024', () => {
    expect([0, 1023, 1536, 16 * 1024 ** 3, 250 * 1024 ** 4].map((bytes) => sizeOf(bytes, 'en'))).toEqual([
      '0 B',
      '1,023 B',
      '1.5 KiB',
      '16 GiB',
      '250 TiB',
    ])
    expect(sizeOf(1536, 'es')).toBe('1,5 KiB')
  })

  it('are parts of a whole, even of nothing', () => {
    expect(percentOf(1, 4)).toBe(25)
    expect(percentOf(1, 0)).toBe(0)
    expect(percentOf(5, 4)).toBe(100)
  })

  it('are durations of at most two units', () => {
    expect(spanOf(90_061)).toEqual([
      ['day', 1],
      ['hour', 1],
    ])
    expect(spanOf(86_400 + 120)).toEqual([['day', 1]])
    expect(spanOf(125)).toEqual([['minute', 2]])
    expect(spanOf(5)).toEqual([['minute', 0]])
  })
})
