import { describe, expect, it } from 'vitest'
import type { Term } from '~/api/schema'
import { actionText, conditionText } from './summary'

const name = (id: string) => (id === 'b1' ? 'web' : id)

describe('rules in one line', () => {
  it('says what is done, the telling fields first', () => {
    expect(actionText({ type: 'deny', statusCode: 403 }, name)).toBe('deny 403')
    expect(actionText({ type: 'use-backend', backendId: 'b1' }, name)).toBe('use-backend web')
    expect(actionText({ type: 'set-header', value: '%[src]', name: 'X-Real-IP' }, name)).toBe(
      'set-header X-Real-IP %[src]',
    )
    expect(
      actionText(
        { type: 'redirect', code: 301, redirectType: 'scheme', target: 'https', dropQueryString: false },
        name,
      ),
    ).toBe('redirect 301 scheme https')
    expect(
      actionText({ type: 'return', statusCode: 200, headers: [{ name: 'a' }], body: { kind: 'string' } }, name),
    ).toBe('return 200 headers:1 body:string')
    expect(actionText({ type: 'lua', function: 'auth', args: [] }, name)).toBe('lua auth')
  })

  it('says when', () => {
    const acl = (aclName: string, negate = false, combineWithNext: 'and' | 'or' = 'and'): Term => ({
      kind: 'aclRef',
      aclName,
      negate,
      combineWithNext,
    })
    expect(conditionText([])).toBe('')
    expect(conditionText([acl('api'), acl('internal', true)])).toBe('api !internal')
    const inline: Term = {
      kind: 'inline',
      field: 'path',
      operator: 'beg',
      values: ['/x'],
      negate: false,
      combineWithNext: 'and',
      caseInsensitive: true,
      noDnsLookup: false,
    }
    expect(conditionText([acl('api', false, 'or'), inline])).toBe('api || { path -i -m beg /x }')
    expect(conditionText([{ ...inline, values: ['1', '2', '3', '4', '5'] }])).toContain('1 2 3 … (5)')
  })
})
