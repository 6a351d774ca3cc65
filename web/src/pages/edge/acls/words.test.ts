import { describe, expect, it } from 'vitest'
import type { Acl } from '~/api/schema'
import { format } from '~/i18n'
import { messages } from './messages'
import { meaningOf, PRESETS, presetOf, withPreset } from './words'

const t = (key: keyof (typeof messages)['en'], params = {}) => format('en', messages.en[key], params)
const words = (acl: Partial<Acl> & { field: string }) => meaningOf({ values: [], ...acl }, t)

describe('ACLs in words', () => {
  it('says what common ACLs mean', () => {
    expect(words({ field: 'req.hdr(host),host_only', operator: 'str', values: ['a.example', 'b.example'] })).toBe(
      'the host is a.example or b.example',
    )
    expect(words({ field: 'hdr', fieldArg: 'Host', values: ['a', 'b', 'c', 'd'] })).toBe(
      'the host is a or b and 2 more',
    )
    expect(words({ field: 'path_beg', values: ['/api'] })).toBe('the path begins with /api')
    expect(words({ field: 'path', operator: 'reg', values: ['^/v'] })).toBe('the path matches ^/v')
    expect(words({ field: 'src', values: ['10.0.0.0/8'] })).toBe('the client’s address is in 10.0.0.0/8')
    expect(words({ field: 'req.hdr(X-Env)', operator: 'sub', values: ['test'] })).toBe('the header X-Env contains test')
    expect(words({ field: 'cook(beta)', operator: 'found' })).toBe('the cookie beta is there')
    expect(words({ field: 'ssl_fc' })).toBe('the connection uses TLS')
  })

  it('leaves what it does not know as it is written', () => {
    expect(words({ field: 'sc_http_req_rate(0)', operator: 'gt', values: ['100'] })).toBe('sc_http_req_rate(0) gt 100')
    expect(words({ field: 'nbsrv(app)', values: ['0'] })).toBe('nbsrv(app) = 0')
  })

  it('finds each preset again after it was chosen', () => {
    const acl = { id: 'a', name: 'a', values: ['x'], caseInsensitive: false, noDnsLookup: false, field: 'other' }
    for (const preset of PRESETS) {
      expect(presetOf(withPreset(acl, preset))?.id).toBe(preset.id)
      expect(meaningOf(withPreset(acl, preset), t)).not.toContain('other')
    }
  })
})
