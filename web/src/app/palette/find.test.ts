import { describe, expect, it } from 'vitest'
import { type Entry, find } from './find'

const page = (label: string): Entry => ({ key: label, group: 'pages', label })
const backend = (label: string, hint = ''): Entry => ({ key: label, group: 'backends', label, hint })

describe('find', () => {
  it('offers pages, but no objects, before anything is typed', () => {
    expect(find([page('Backends'), backend('web')], ' ')).toEqual([['pages', [page('Backends')]]])
  })

  it('wants every word, in the name or in what is said about it', () => {
    const entries = [backend('web', '10.0.0.1:80'), backend('api', '10.0.0.2:80')]
    expect(find(entries, 'API 10.0')).toEqual([['backends', [entries[1]]]])
    expect(find(entries, 'api 10.0.0.1')).toEqual([])
  })

  it('puts names that begin with it first, and shows a few of many', () => {
    const many = Array.from({ length: 5000 }, (_, i) => backend(`the-web-${i}`))
    const [[, shown] = ['', []]] = find([...many, backend('web')], 'web')
    expect(shown).toHaveLength(8)
    expect(shown[0]?.label).toBe('web')
  })
})
