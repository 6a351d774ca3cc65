import { describe, expect, it } from 'vitest'
import { fromText, toText } from './map-text'

describe('a map as text', () => {
  it('comes back as it was', () => {
    const entries = [
      { key: '10.0.0.0/8', value: 'DE' },
      { key: 'www.example.com', value: 'web with spaces' },
    ]
    expect(fromText(toText(entries))).toEqual({ entries })
  })

  it('leaves out comments and empty lines, and names the first bad line', () => {
    expect(fromText('# networks\n\n a\tb \r\nlonely\nalso')).toEqual({
      entries: [{ key: 'a', value: 'b' }],
      badLine: 4,
    })
  })
})
