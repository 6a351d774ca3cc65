// Routes: "requests for these hostnames go to that backend", read from and written as ACLs and use-backend rules. Pure.
//
// Only rules of one shape can be changed here: one ACL on the host, and perhaps one on how the path begins, both required.
// Rules of any other shape are listed as they are and never rewritten. An ACL that other rules use too is never changed: the
// route gets one of its own.

import type { Acl, Document, Frontend, HttpRequestRule, Term } from '~/api/schema'
import { isMentioned, usesOfAcls } from './acl-uses'
import { setIn } from './json'
import { remembered } from './remembered'

export interface Route {
  /** Tells routes apart in a list. */
  key: string
  frontendId: string
  /** `undefined` for a name of the SNI router. */
  ruleId?: string
  hosts: string[]
  pathPrefix: string
  backendId: string
  enabled: boolean
  /** The ACLs behind it, by id. */
  aclIds: string[]
  /** Whether it has the shape that can be changed here. */
  editable: boolean
  /** The route that takes all its requests before it, if there is one. */
  shadowedBy?: string
  /** The conditions of a rule that has another shape. */
  condition: Term[]
}

export interface Wanted {
  frontendId: string
  /** Names, with `*.` in front for all names below one. All with it, or none. */
  hosts: string[]
  /** Empty: every path. */
  pathPrefix: string
  backendId: string
}

export interface RuleRef {
  frontendId: string
  ruleId: string
}

const HOST_FETCHES = new Set(['hdr(host)', 'req.hdr(host)', 'hdr', 'req.hdr', 'req.fhdr(host)', 'hdr_end(host)'])
const HOST_CONVERTERS = new Set(['lower', 'host_only', 'field(1,:)'])
/** What is compared for new routes: the host without its port. */
const HOST_FIELD = 'req.hdr(host),host_only'

type HostKind = 'exact' | 'below' | undefined

/** Where a field takes the host from; `undefined` when it takes something else, or changes it on the way. */
function fetchOf(field: string): string | undefined {
  const [fetch = '', ...converters] = field.split(/,(?![^(]*\))/)
  return HOST_FETCHES.has(fetch) && converters.every((each) => HOST_CONVERTERS.has(each)) ? fetch : undefined
}

// The last one is kept: thousands of ACLs in a row look at the same field.
let last: { field: string; fetch: string | undefined } = { field: '', fetch: undefined }

/** What kind of condition on the host an ACL is, if it is one. */
function hostKind(acl: Acl): HostKind {
  if (last.field !== acl.field) last = { field: acl.field, fetch: fetchOf(acl.field) }
  const { fetch } = last
  if (fetch === undefined || acl.values.length === 0) return undefined
  const needsArgument = fetch === 'hdr' || fetch === 'req.hdr'
  if (needsArgument ? acl.fieldArg?.toLowerCase() !== 'host' : acl.fieldArg) return undefined
  if (fetch === 'hdr_end(host)') return acl.operator === undefined && allBelow(acl.values) ? 'below' : undefined
  if (acl.operator === undefined || acl.operator === 'str') return 'exact'
  return acl.operator === 'end' && allBelow(acl.values) ? 'below' : undefined
}

function allBelow(values: readonly string[]): boolean {
  return values.every((value) => value.startsWith('.'))
}

function pathPrefixOf(acl: Acl): string | undefined {
  const begins = (acl.field === 'path' && acl.operator === 'beg') || (acl.field === 'path_beg' && !acl.operator)
  return begins && !acl.fieldArg && acl.values.length === 1 ? acl.values[0] : undefined
}

function hostsOf(acl: Acl): string[] {
  return hostKind(acl) === 'below' ? acl.values.map((value) => `*${value}`) : [...acl.values]
}

interface Shape {
  host: Acl
  path: Acl | undefined
}

/** The ACLs of a condition that has the shape of a route. */
function shapeOf(condition: readonly Term[], acls: ReadonlyMap<string, Acl>): Shape | undefined {
  if (condition.length === 0 || condition.length > 2) return undefined
  const found: Acl[] = []
  for (const [i, term] of condition.entries()) {
    const last = i === condition.length - 1
    if (term.kind !== 'aclRef' || term.negate || (!last && term.combineWithNext !== 'and')) return undefined
    const acl = acls.get(term.aclName)
    if (!acl) return undefined
    found.push(acl)
  }
  const host = found.find((acl) => hostKind(acl) !== undefined)
  const path = found.find((acl) => acl !== host)
  if (!host || (path && pathPrefixOf(path) === undefined)) return undefined
  return { host, path }
}

/** The same of a rule; only one that leads to a backend is a route. */
function shapeOfRule({ action, condition }: HttpRequestRule, acls: ReadonlyMap<string, Acl>): Shape | undefined {
  return action.type === 'use-backend' ? shapeOf(condition, acls) : undefined
}

const aclsByName = remembered(
  (document: Document): ReadonlyMap<string, Acl> => new Map(document.acls.map((acl) => [acl.name, acl])),
)

/** The hostnames that a condition of a rule is about, each with the path that it asks for; `undefined` when it is of another kind. */
export function namesOf(document: Document, condition: readonly Term[]): string[] | undefined {
  const shape = shapeOf(condition, aclsByName(document))
  return shape && hostsOf(shape.host).map((host) => `${host}${(shape.path && pathPrefixOf(shape.path)) ?? ''}`)
}

/** Whether requests are treated alike by both. */
export function isSameRoute(one: Route, other: Route | undefined): boolean {
  return (
    other !== undefined &&
    one.key === other.key &&
    one.pathPrefix === other.pathPrefix &&
    one.backendId === other.backendId &&
    one.enabled === other.enabled &&
    one.hosts.length === other.hosts.length &&
    one.hosts.every((host, i) => host === other.hosts[i])
  )
}

/** Every route of every frontend, in the order in which HAProxy looks at them. Remembered for each document. */
export const listRoutes = remembered(findRoutes)

function findRoutes(document: Document): Route[] {
  const acls = aclsByName(document)
  const routes: Route[] = []
  for (const frontend of document.haproxy.frontends) {
    const seen: Seen = new Map()
    for (const rule of frontend.rulePhases.httpRequest) {
      const route = routeOf(frontend, rule, acls)
      if (!route) continue
      const isLive = route.enabled && route.editable
      const shadow = isLive ? coveredBy(seen, route) : undefined
      if (shadow) route.shadowedBy = shadow
      else if (isLive) note(seen, route)
      routes.push(route)
    }
    routes.push(...sniRoutes(frontend))
  }
  return routes
}

function routeOf(frontend: Frontend, rule: HttpRequestRule, acls: ReadonlyMap<string, Acl>): Route | undefined {
  if (rule.action.type !== 'use-backend') return undefined
  const shape = shapeOfRule(rule, acls)
  const used = rule.condition.flatMap((term) => (term.kind === 'aclRef' ? (acls.get(term.aclName) ?? []) : []))
  const host = shape?.host ?? used.find((acl) => hostKind(acl) !== undefined)
  return {
    key: `${frontend.id}/${rule.id}`,
    frontendId: frontend.id,
    ruleId: rule.id,
    hosts: host ? hostsOf(host) : [],
    pathPrefix: (shape?.path && pathPrefixOf(shape.path)) ?? '',
    backendId: rule.action.backendId,
    enabled: rule.enabled && frontend.enabled,
    aclIds: used.map((acl) => acl.id),
    editable: shape !== undefined,
    condition: rule.condition,
  }
}

function sniRoutes(frontend: Frontend): Route[] {
  const { enabled, sniMap } = frontend.tcpOpts.sniRouter
  return sniMap.map((entry, i) => ({
    key: `${frontend.id}/sni/${i}`,
    frontendId: frontend.id,
    hosts: [entry.sniPattern],
    pathPrefix: '',
    backendId: entry.backendId,
    enabled: enabled && frontend.enabled,
    aclIds: [],
    editable: false,
    condition: [],
  }))
}

/** The path prefixes that earlier routes of a frontend take, by host. */
type Seen = Map<string, { prefix: string; key: string }[]>

function note(seen: Seen, route: Route): void {
  for (const host of route.hosts) {
    const name = host.toLowerCase()
    const list = seen.get(name)
    const entry = { prefix: route.pathPrefix, key: route.key }
    if (list) list.push(entry)
    else seen.set(name, [entry])
  }
}

/** `a.b.c` is also covered by what is said of `*.b.c` and `*.c`. */
function coverers(host: string): string[] {
  const names = [host]
  const labels = host.replace(/^\*\./, '').split('.')
  for (let i = host.startsWith('*.') ? 0 : 1; i < labels.length; i++) names.push(`*.${labels.slice(i).join('.')}`)
  return names
}

function coveredBy(seen: Seen, route: Route): string | undefined {
  let first: string | undefined
  for (const host of route.hosts) {
    const taken = coverers(host.toLowerCase())
      .flatMap((name) => seen.get(name) ?? [])
      .find((entry) => route.pathPrefix.startsWith(entry.prefix))
    if (!taken) return undefined
    first ??= taken.key
  }
  return first
}

export type Problem = 'noHosts' | 'badHost' | 'mixed' | 'badPath' | 'noFrontend' | 'noBackend' | 'taken'

const HOST = /^(\*\.)?(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/** What is wrong with a wanted route, and about which text; `except` is the route that is being changed. */
export function problemsOf(document: Document, wanted: Wanted, except?: RuleRef): { problem: Problem; of: string }[] {
  const problems: { problem: Problem; of: string }[] = []
  if (wanted.hosts.length === 0) problems.push({ problem: 'noHosts', of: '' })
  for (const host of wanted.hosts) if (!HOST.test(host)) problems.push({ problem: 'badHost', of: host })
  const below = wanted.hosts.filter((host) => host.startsWith('*.')).length
  if (below > 0 && below < wanted.hosts.length) problems.push({ problem: 'mixed', of: '' })
  if (wanted.pathPrefix !== '' && !/^\/[^\s"\\#]*$/.test(wanted.pathPrefix))
    problems.push({ problem: 'badPath', of: wanted.pathPrefix })
  if (!document.haproxy.frontends.some((frontend) => frontend.id === wanted.frontendId && frontend.mode === 'http'))
    problems.push({ problem: 'noFrontend', of: wanted.frontendId })
  if (!document.haproxy.backends.some((backend) => backend.id === wanted.backendId))
    problems.push({ problem: 'noBackend', of: wanted.backendId })
  const mine = new Set(wanted.hosts.map((host) => host.toLowerCase()))
  for (const route of listRoutes(document)) {
    if (route.frontendId !== wanted.frontendId || !route.editable || !route.enabled) continue
    if (except && route.ruleId === except.ruleId && route.frontendId === except.frontendId) continue
    if (route.pathPrefix !== wanted.pathPrefix) continue
    const taken = route.hosts.find((host) => mine.has(host.toLowerCase()))
    if (taken !== undefined) problems.push({ problem: 'taken', of: taken })
  }
  return problems
}

/** The document with a new route: its ACLs, and its rule before those that would take its requests. */
export function addRoute(document: Document, wanted: Wanted): Document {
  const made = makeAcls(document, wanted)
  const rule: HttpRequestRule = {
    id: freshRuleId(made.document, wanted),
    enabled: true,
    condition: made.condition,
    action: { type: 'use-backend', backendId: wanted.backendId },
  }
  return putRule(made.document, wanted, rule)
}

/** The document with a route changed; unchanged if the rule has another shape. */
export function changeRoute(document: Document, ref: RuleRef, wanted: Wanted): Document {
  const rule = findRule(document, ref)
  const shape = rule && shapeOfRule(rule, aclsByName(document))
  if (!rule || !shape) return document
  const { acl: host, document: withHost } = adjust(document, shape.host, ref, hostAcl(wanted), hostStem(wanted))
  let next = withHost
  const condition: Term[] = [refTo(host)]
  if (wanted.pathPrefix !== '') {
    const path = pathAcl(wanted)
    const got = shape.path
      ? adjust(next, shape.path, ref, path, pathStem(wanted))
      : create(next, { ...BLANK, ...path }, pathStem(wanted))
    next = got.document
    condition.push(refTo(got.acl))
  }
  const same = condition.every((term, i) => {
    const old = rule.condition[i]
    return old?.kind === 'aclRef' && term.kind === 'aclRef' && old.aclName === term.aclName
  })
  const changed: HttpRequestRule = {
    ...rule,
    condition: same && condition.length === rule.condition.length ? rule.condition : condition,
    action: { ...rule.action, type: 'use-backend', backendId: wanted.backendId },
  }
  if (wanted.frontendId === ref.frontendId) {
    next = withRules(next, ref.frontendId, (rules) => rules.map((other) => (other.id === ref.ruleId ? changed : other)))
  } else {
    next = withRules(next, ref.frontendId, (rules) => rules.filter((other) => other.id !== ref.ruleId))
    const taken = findRule(next, { frontendId: wanted.frontendId, ruleId: rule.id })
    next = putRule(next, wanted, taken ? { ...changed, id: freshRuleId(next, wanted) } : changed)
  }
  return withoutUnused(next, [shape.host, ...(shape.path ? [shape.path] : [])])
}

/** The document without a route, and without those of its ACLs that nothing else uses. */
export function removeRoute(document: Document, ref: RuleRef): Document {
  const rule = findRule(document, ref)
  const shape = rule && shapeOfRule(rule, aclsByName(document))
  if (!shape) return document
  const next = withRules(document, ref.frontendId, (rules) => rules.filter((other) => other.id !== ref.ruleId))
  return withoutUnused(next, [shape.host, ...(shape.path ? [shape.path] : [])])
}

const BLANK = { caseInsensitive: false, noDnsLookup: false }

function hostAcl(wanted: Wanted): Pick<Acl, 'field' | 'operator' | 'values' | 'caseInsensitive'> {
  const below = wanted.hosts.every((host) => host.startsWith('*.'))
  return {
    field: HOST_FIELD,
    operator: below ? 'end' : 'str',
    values: below ? wanted.hosts.map((host) => host.slice(1)) : wanted.hosts,
    caseInsensitive: true,
  }
}

function pathAcl(wanted: Wanted): Pick<Acl, 'field' | 'operator' | 'values'> {
  return { field: 'path', operator: 'beg', values: [wanted.pathPrefix] }
}

function hostStem(wanted: Wanted): string {
  return `host-${wanted.hosts[0] ?? ''}`
}

function pathStem(wanted: Wanted): string {
  return `path-${wanted.pathPrefix}`
}

function makeAcls(document: Document, wanted: Wanted): { document: Document; condition: Term[] } {
  const host = create(document, { ...BLANK, ...hostAcl(wanted) }, hostStem(wanted))
  if (wanted.pathPrefix === '') return { document: host.document, condition: [refTo(host.acl)] }
  const path = create(host.document, { ...BLANK, ...pathAcl(wanted) }, pathStem(wanted))
  return { document: path.document, condition: [refTo(host.acl), refTo(path.acl)] }
}

/** Changes what an ACL compares with, or makes a new one where others use it or its shape no longer fits. */
function adjust(
  document: Document,
  acl: Acl,
  ref: RuleRef,
  wanted: Pick<Acl, 'field' | 'operator' | 'values'> & Partial<Acl>,
  stem: string,
): { document: Document; acl: Acl } {
  if (acl.values.length === wanted.values.length && acl.values.every((value, i) => value === wanted.values[i]))
    return { document, acl }
  const uses = usesOfAcls(document).get(acl.name) ?? []
  const shared = uses.some((use) => use.ruleId !== ref.ruleId || use.frontendId !== ref.frontendId)
  if (shared || isMentioned(document.haproxy.frontends, acl.name))
    return create(document, { ...BLANK, ...wanted }, stem)
  const wasBelow = hostKind(acl) === 'below'
  const fits = pathPrefixOf(acl) !== undefined || wasBelow === (wanted.operator === 'end')
  const { fieldArg: _, ...plain } = acl
  const next: Acl = fits ? { ...acl, values: wanted.values } : { ...plain, ...wanted }
  return {
    document: { ...document, acls: document.acls.map((other) => (other.id === acl.id ? next : other)) },
    acl: next,
  }
}

function create(document: Document, acl: Omit<Acl, 'id' | 'name'>, stem: string): { document: Document; acl: Acl } {
  const taken = new Set(document.acls.flatMap((other) => [other.id, other.name]))
  const id = fresh(stem, taken)
  const made = { ...acl, id, name: id } as Acl
  return { document: { ...document, acls: [...document.acls, made] }, acl: made }
}

/** An identifier made from a text: a lower-case letter, then letters, digits, `_` or `-`, at most 63 characters. */
function fresh(text: string, taken: ReadonlySet<string>): string {
  const stem = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 56)
  if (!taken.has(stem)) return stem
  for (let n = 2; ; n++) if (!taken.has(`${stem}-${n}`)) return `${stem}-${n}`
}

function freshRuleId(document: Document, wanted: Wanted): string {
  const rules = document.haproxy.frontends.find(({ id }) => id === wanted.frontendId)?.rulePhases.httpRequest ?? []
  return fresh(`route-${wanted.hosts[0] ?? ''}${wanted.pathPrefix}`, new Set(rules.map((rule) => rule.id)))
}

function refTo(acl: Acl): Term {
  return { kind: 'aclRef', aclName: acl.name, negate: false, combineWithNext: 'and' }
}

function findRule(document: Document, ref: RuleRef): HttpRequestRule | undefined {
  const frontend = document.haproxy.frontends.find(({ id }) => id === ref.frontendId)
  return frontend?.rulePhases.httpRequest.find((rule) => rule.id === ref.ruleId)
}

function withRules(
  document: Document,
  frontendId: string,
  change: (rules: HttpRequestRule[]) => HttpRequestRule[],
): Document {
  const index = document.haproxy.frontends.findIndex(({ id }) => id === frontendId)
  const frontend = document.haproxy.frontends[index]
  if (!frontend) return document
  const path = ['haproxy', 'frontends', index, 'rulePhases', 'httpRequest']
  return setIn(document, path, change(frontend.rulePhases.httpRequest))
}

/** Puts a rule at the end, or before the first route that would take requests meant for it. */
function putRule(document: Document, wanted: Wanted, rule: HttpRequestRule): Document {
  const taking = new Set(
    listRoutes(document)
      .filter((route) => route.frontendId === wanted.frontendId && route.editable && takes(route, wanted))
      .map((route) => route.ruleId),
  )
  return withRules(document, wanted.frontendId, (rules) => {
    const at = rules.findIndex((other) => taking.has(other.id))
    return at < 0 ? [...rules, rule] : [...rules.slice(0, at), rule, ...rules.slice(at)]
  })
}

function takes(route: Route, wanted: Wanted): boolean {
  if (!wanted.pathPrefix.startsWith(route.pathPrefix)) return false
  const theirs = new Set(route.hosts.map((host) => host.toLowerCase()))
  return wanted.hosts.some((host) => coverers(host.toLowerCase()).some((name) => theirs.has(name)))
}

function withoutUnused(document: Document, acls: readonly Acl[]): Document {
  const uses = usesOfAcls(document)
  const gone = new Set(
    acls
      .filter((acl) => !uses.has(acl.name) && !isMentioned(document.haproxy.frontends, acl.name))
      .map((acl) => acl.id),
  )
  if (!document.acls.some((acl) => gone.has(acl.id))) return document
  return { ...document, acls: document.acls.filter((acl) => !gone.has(acl.id)) }
}
