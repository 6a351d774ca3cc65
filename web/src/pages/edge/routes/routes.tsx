// The routes of all frontends: the question "where does this hostname go" answered in one table.

import { ActionIcon, Button } from '@mantine/core'
import { IconArrowUpRight, IconPencil, IconPlus, IconRoute, IconTrash } from '@tabler/icons-react'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useDeferredValue, useMemo } from 'react'
import type { Document } from '~/api/schema'
import { useMay } from '~/app/session'
import { useDocumentSoon, useDraft } from '~/draft/hooks'
import { isSameRoute, listRoutes, type Route, removeRoute } from '~/draft/routes'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Mark, State, Tag } from '~/ui/small'
import { Empty, Pending } from '~/ui/states'
import { Tool } from '~/ui/tool'
import { addressOf } from '../addresses'
import classes from '../edge.module.css'
import { EntityLink } from '../links'
import { messages as shared } from '../messages'
import { messages } from './messages'
import { RouteForm } from './route-form'
import { TryRoute, useIsLive } from './try-route'

const here = getRouteApi('/shell/edge/routes')

export interface RoutesSearch {
  /** The filter. */
  q?: string
  /** The key of the route that is being changed, or `new`. */
  edit?: string
}

export function RoutesPage() {
  const document = useDocumentSoon()
  const routes = useMemo(() => document && listRoutes(document), [document])
  // A component of its own: finding the routes and drawing them each take a good part of a frame.
  return document && routes ? <Routes document={document} routes={routes} /> : <Pending />
}

function Routes({ document, routes }: { document: Document; routes: readonly Route[] }) {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const may = useMay('edge:state:write')
  const mayTry = useMay('edge:haproxy:probe')
  const search: RoutesSearch = here.useSearch()
  const navigate = here.useNavigate()
  // The dialog is drawn bit by bit: with its lists it takes longer than a frame.
  const editing = useDeferredValue(search.edit, undefined)
  const columns = useColumns(document)
  const isLive = useIsLive()
  const edit = (key: string | undefined) =>
    void navigate({ search: (now: RoutesSearch) => ({ ...(now.q && { q: now.q }), ...(key && { edit: key }) }) })
  const canAdd =
    document.haproxy.backends.length > 0 && document.haproxy.frontends.some((frontend) => frontend.mode === 'http')
  const add = may && canAdd && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => edit('new')}>
      {t('add')}
    </Button>
  )
  const edited = routes.find((route) => route.key === editing)
  return (
    <Page wide title={t('title')} description={t('description')} actions={routes.length > 0 && add}>
      <DataTable
        label={t('title')}
        rows={routes}
        rowId={(route) => route.key}
        columns={columns}
        filter={search.q ?? ''}
        onFilter={(q) => void navigate({ search: q ? { q } : {}, replace: true })}
        {...(may && { open: (route: Route) => (route.editable ? edit(route.key) : undefined) })}
        actionsWidth="124px"
        actions={(route) => (
          <>
            {mayTry && <TryRoute route={route} isLive={isLive(route)} />}
            {may && route.editable && (
              <Tool label={s('editNamed', { name: nameOf(route) })} title={s('edit')} onClick={() => edit(route.key)}>
                <IconPencil size={16} />
              </Tool>
            )}
            {may && route.editable && (
              <Tool
                label={s('removeNamed', { name: nameOf(route) })}
                title={s('remove')}
                onClick={() =>
                  draft.edit((now) => removeRoute(now, { frontendId: route.frontendId, ruleId: route.ruleId ?? '' }))
                }
              >
                <IconTrash size={16} />
              </Tool>
            )}
            {!route.editable && <OpenRule route={route} />}
          </>
        )}
        empty={
          <Empty icon={<IconRoute size={32} stroke={1.4} />} title={t('empty')} action={add || undefined}>
            {t(canAdd ? 'emptyText' : 'emptyNeeds')}
          </Empty>
        }
      />
      {may && (editing === 'new' || edited?.editable) && (
        <RouteForm key={editing} document={document} {...(edited && { route: edited })} close={() => edit(undefined)} />
      )}
    </Page>
  )
}

function nameOf(route: Route): string {
  return `${route.hosts[0] ?? route.ruleId ?? ''}${route.pathPrefix}`
}

function OpenRule({ route }: { route: Route }) {
  const t = useMessages(messages)
  const document = useDocumentSoon()
  const at = document?.haproxy.frontends
    .find((frontend) => frontend.id === route.frontendId)
    ?.rulePhases.httpRequest.findIndex((rule) => rule.id === route.ruleId)
  const field = route.ruleId ? `/rulePhases/httpRequest/${at ?? 0}` : '/tcpOpts/sniRouter'
  const to = addressOf('frontends', route.frontendId) ?? ''
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={`${t('openRule')}: ${nameOf(route)}`}
      title={t('openRule')}
      renderRoot={(props) => <Link to={to} search={{ field }} {...props} />}
    >
      <IconArrowUpRight size={16} />
    </ActionIcon>
  )
}

function useColumns(document: Document): Column<Route>[] {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const marks = useRouteMarks(document)
  return useMemo(() => {
    const names = (list: readonly { id: string; name: string }[]) => new Map(list.map(({ id, name }) => [id, name]))
    const frontends = names(document.haproxy.frontends)
    const backends = names(document.haproxy.backends)
    const acls = names(document.acls)
    const state = (route: Route) =>
      !route.enabled ? t('disabled') : route.shadowedBy !== undefined ? t('shadowed') : t('live')
    return [
      {
        id: 'hosts',
        header: t('hosts'),
        width: 'minmax(200px, 2fr)',
        value: (route) => route.hosts.join(', ') || t(route.condition.length > 0 ? 'anyHost' : 'always'),
        render: (route) => <Hosts route={route} mark={marks.get(route.key)} />,
      },
      { id: 'path', header: t('path'), value: (route) => route.pathPrefix, mono: true, width: 'minmax(80px, 0.8fr)' },
      {
        id: 'backend',
        header: t('backend'),
        width: 'minmax(100px, 1fr)',
        value: (route) => backends.get(route.backendId) ?? route.backendId,
        render: (route) => (
          <EntityLink section="backends" id={route.backendId}>
            {backends.get(route.backendId) ?? route.backendId}
          </EntityLink>
        ),
      },
      {
        id: 'frontend',
        header: t('frontend'),
        width: 'minmax(110px, 1fr)',
        value: (route) => frontends.get(route.frontendId) ?? route.frontendId,
        render: (route) => (
          <EntityLink section="frontends" id={route.frontendId}>
            {frontends.get(route.frontendId) ?? route.frontendId}
          </EntityLink>
        ),
      },
      {
        id: 'behind',
        header: t('behind'),
        width: 'minmax(230px, 1.6fr)',
        value: (route) => [...route.aclIds.map((id) => acls.get(id) ?? id), route.ruleId ?? t('sni')].join(', '),
        render: (route) => (
          <span className={classes.line}>
            {route.aclIds.slice(0, 2).map((id) => (
              <EntityLink key={id} section="acls" id={id}>
                {acls.get(id) ?? id}
              </EntityLink>
            ))}
            {!route.ruleId && <Tag>{t('sni')}</Tag>}
            {route.ruleId && !route.editable && (
              <span title={t('byHandText')}>
                <Tag>{t('byHand')}</Tag>
              </span>
            )}
          </span>
        ),
      },
      {
        id: 'state',
        header: s('state'),
        width: '150px',
        value: state,
        render: (route) => (
          <span title={route.shadowedBy ? t('shadowedBy') : undefined}>
            <State is={!route.enabled ? 'idle' : route.shadowedBy ? 'look' : 'good'}>{state(route)}</State>
          </span>
        ),
      },
    ]
  }, [document, marks, t, s])
}

/** What became of each route since the document was read. */
function useRouteMarks(document: Document): ReadonlyMap<string, 'added' | 'changed'> {
  const { base } = useDraft()
  return useMemo(() => {
    const marks = new Map<string, 'added' | 'changed'>()
    if (!base || base === document) return marks
    const before = new Map(listRoutes(base).map((route) => [route.key, route]))
    for (const route of listRoutes(document)) {
      const old = before.get(route.key)
      if (!isSameRoute(route, old)) marks.set(route.key, old === undefined ? 'added' : 'changed')
    }
    return marks
  }, [base, document])
}

function Hosts({ route, mark }: { route: Route; mark: 'added' | 'changed' | undefined }) {
  const t = useMessages(messages)
  const [first] = route.hosts
  if (first === undefined)
    return <span className={classes.dim}>{t(route.condition.length > 0 ? 'anyHost' : 'always')}</span>
  return (
    <span className={classes.line} title={route.hosts.join(', ').slice(0, 500)}>
      <span className={`mono ${classes.text}`}>{first.slice(0, 260)}</span>
      {route.hosts.length > 1 && <Tag style={{ flex: 'none' }}>{t('more', { count: route.hosts.length - 1 })}</Tag>}
      <Mark kind={mark} />
    </span>
  )
}
