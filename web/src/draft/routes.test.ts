import { describe, expect, it } from 'vitest'
import type { Document, HttpRequestRule } from '~/api/schema'
import { renameAcl } from './acl-uses'
import { addRoute, changeRoute, listRoutes, problemsOf, removeRoute, type Wanted } from './routes'

function frontend(id: string, rules: HttpRequestRule[] = []) {
  return {
    id,
    name: id,
    mode: 'http',
    enabled: true,
    httpOpts: {},
    stats: {},
    tcpOpts: { sniRouter: { enabled: false, sniMap: [] } },
    rulePhases: {
      httpRequest: rules,
      httpResponse: [],
      httpAfterResponse: [],
      tcpRequestConnection: [],
      tcpRequestSession: [],
      tcpRequestContent: [],
      tcpResponseContent: [],
    },
  }
}

function start(rules: HttpRequestRule[] = [], acls: unknown[] = []): Document {
  return {
    acls,
    haproxy: { frontends: [frontend('web', rules), frontend('other')], backends: [{ id: 'app' }, { id: 'api' }] },
  } as unknown as Document
}

const wanted = (hosts: string[], pathPrefix = '', backendId = 'app'): Wanted => ({
  frontendId: 'web',
  hosts,
  pathPrefix,
  backendId,
})
const rulesOf = (document: Document) => document.haproxy.frontends[0]?.rulePhases.httpRequest ?? []

describe('routes', () => {
  it('writes an ACL and a rule, and reads them back', () => {
    const document = addRoute(start(), wanted(['a.example', 'b.example'], '/api'))
    expect(document.acls).toMatchObject([
      { id: 'host-a-example', field: 'req.hdr(host),host_only', operator: 'str', values: ['a.example', 'b.example'] },
      { id: 'path-api', field: 'path', operator: 'beg', values: ['/api'] },
    ])
    expect(listRoutes(document)).toMatchObject([
      { hosts: ['a.example', 'b.example'], pathPrefix: '/api', backendId: 'app', editable: true, enabled: true },
    ])
  })

  it('puts a narrower route before the wider one that would take its requests', () => {
    let document = addRoute(start(), wanted(['*.example']))
    document = addRoute(document, wanted(['a.example']))
    document = addRoute(document, wanted(['a.example'], '/api', 'api'))
    document = addRoute(document, wanted(['z.test']))
    expect(listRoutes(document).map((route) => [route.hosts[0], route.pathPrefix, route.shadowedBy])).toEqual([
      ['a.example', '/api', undefined],
      ['a.example', '', undefined],
      ['*.example', '', undefined],
      ['z.test', '', undefined],
    ])
  })

  it('says which route is never reached', () => {
    const document = addRoute(addRoute(start(), wanted(['*.example'])), wanted(['a.test']))
    const [first, second] = rulesOf(document)
    const moved = changeRoute(document, { frontendId: 'web', ruleId: second?.id ?? '' }, wanted(['a.example']))
    expect(listRoutes(moved)[1]?.shadowedBy).toBe(`web/${first?.id}`)
  })

  it('changes its own ACLs in place and cleans up after itself', () => {
    const added = addRoute(start(), wanted(['a.example'], '/api'))
    const ref = { frontendId: 'web', ruleId: rulesOf(added)[0]?.id ?? '' }
    const changed = changeRoute(added, ref, wanted(['c.example'], '', 'api'))
    expect(changed.acls).toMatchObject([{ id: 'host-a-example', values: ['c.example'] }])
    expect(listRoutes(changed)).toMatchObject([{ hosts: ['c.example'], pathPrefix: '', backendId: 'api' }])
    expect(removeRoute(changed, ref)).toEqual(start())
  })

  it('moves a route to another frontend', () => {
    const added = addRoute(start(), wanted(['a.example']))
    const ref = { frontendId: 'web', ruleId: rulesOf(added)[0]?.id ?? '' }
    const moved = changeRoute(added, ref, { ...wanted(['a.example']), frontendId: 'other' })
    expect(listRoutes(moved)).toMatchObject([{ frontendId: 'other', hosts: ['a.example'] }])
    expect(moved.acls).toHaveLength(1)
  })

  it('never changes an ACL that another rule uses', () => {
    const added = addRoute(start(), wanted(['a.example']))
    const [rule] = rulesOf(added)
    if (!rule) throw new Error('no rule')
    const deny: HttpRequestRule = { ...rule, id: 'deny', action: { type: 'deny' } }
    const shared = start([rule, deny], added.acls)
    const ref = { frontendId: 'web', ruleId: rule.id }
    const changed = changeRoute(shared, ref, wanted(['b.example']))
    expect(changed.acls.map((acl) => acl.values)).toEqual([['a.example'], ['b.example']])
    expect(removeRoute(shared, ref).acls).toHaveLength(1)
  })

  it('leaves rules of other shapes alone', () => {
    const rule: HttpRequestRule = {
      id: 'mine',
      enabled: true,
      condition: [{ kind: 'aclRef', aclName: 'host', negate: true, combineWithNext: 'and' }],
      action: { type: 'use-backend', backendId: 'app' },
    }
    const acl = { id: 'h', name: 'host', field: 'hdr(host)', values: ['a.example'] }
    const document = start([rule], [acl])
    expect(listRoutes(document)).toMatchObject([{ editable: false, hosts: ['a.example'], aclIds: ['h'] }])
    const ref = { frontendId: 'web', ruleId: 'mine' }
    expect(changeRoute(document, ref, wanted(['b.example']))).toBe(document)
    expect(removeRoute(document, ref)).toBe(document)
  })

  it('says what is wrong with a route', () => {
    const document = addRoute(start(), wanted(['a.example']))
    const problems = (hosts: string[], path = '') =>
      problemsOf(document, wanted(hosts, path)).map(({ problem }) => problem)
    expect(problems([])).toEqual(['noHosts'])
    expect(problems(['b.example', '*.b.example'])).toEqual(['mixed'])
    expect(problems(['no spaces'])).toEqual(['badHost'])
    expect(problems(['b.example'], 'api')).toEqual(['badPath'])
    expect(problems(['A.example'])).toEqual(['taken'])
    expect(problems(['a.example'], '/x')).toEqual([])
  })

  it('renames an ACL in every condition', () => {
    const added = addRoute(start(), wanted(['a.example']))
    const renamed = renameAcl(added, 'host-a-example', 'shop')
    expect(rulesOf(renamed)[0]?.condition).toMatchObject([{ aclName: 'shop' }])
    expect(listRoutes(renamed)[0]?.editable).toBe(true)
  })
})
