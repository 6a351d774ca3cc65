// The routes of services, and Caddy, which serves them.

import { Button, Group, Text } from '@mantine/core'
import { IconRefresh, IconRoute } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import type { MeshRoute } from '~/api/schema'
import { useMay } from '~/app/session'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Ago, State } from '~/ui/small'
import { Empty, Failure, Loaded } from '~/ui/states'
import { stateMessages, stateOf } from '../health'
import { Result } from '../result'
import { ServiceHealth, Took } from '../state'
import { messages } from './messages'

const here = getRouteApi('/shell/network/routes')

export function MeshRoutesPage() {
  const t = useMessages(messages)
  const may = useMay('mesh:write')
  const client = useQueryClient()
  const routes = useQuery(mesh.routes())
  const status = useQuery(mesh.status())
  const { q = '' } = here.useSearch()
  const go = here.useNavigate()
  const columns = useColumns()
  const reload = useMutation({
    mutationFn: () => unwrap(api.POST('/mesh/api/routing/reload')),
    onSettled: () => client.invalidateQueries({ queryKey: ['mesh-status'] }),
  })
  const isIdle = routes.data?.length === 0
  return (
    <Page
      wide
      title={t('title')}
      description={t('description')}
      actions={
        <Group gap="md">
          {status.data && (
            <Text size="sm" component="div">
              <State is={status.data.caddy ? 'good' : isIdle ? 'idle' : 'act'}>
                {t(status.data.caddy ? 'up' : isIdle ? 'idle' : 'down')}
              </State>
            </Text>
          )}
          {may && !isIdle && (
            <Button
              variant="default"
              leftSection={<IconRefresh size={15} />}
              loading={reload.isPending}
              onClick={() => reload.mutate()}
            >
              {t('reload')}
            </Button>
          )}
        </Group>
      }
    >
      {reload.data && <Result said={reload.data} close={reload.reset} />}
      {reload.error && <Failure error={reload.error} />}
      <Loaded query={routes}>
        {(routes) => (
          <DataTable
            label={t('title')}
            rows={routes}
            rowId={(route) => route.domain}
            columns={columns}
            to={({ name }) => ({ to: '/network/services/$name', params: { name } })}
            filter={q}
            onFilter={(q) => void go({ search: q ? { q } : {}, replace: true })}
            empty={
              <Empty
                icon={<IconRoute size={32} stroke={1.4} />}
                title={t('empty')}
                action={
                  may && (
                    <Button renderRoot={(props) => <Link to="/network/services" search={{ new: true }} {...props} />}>
                      {t('register')}
                    </Button>
                  )
                }
              >
                {t('emptyText')}
              </Empty>
            }
          />
        )}
      </Loaded>
    </Page>
  )
}

function useColumns(): Column<MeshRoute>[] {
  const t = useMessages(messages)
  const s = useMessages(stateMessages)
  return useMemo(
    () => [
      { id: 'domain', header: t('domain'), width: 'minmax(200px, 1.5fr)', mono: true, value: (route) => route.domain },
      {
        id: 'upstream',
        header: t('upstream'),
        width: 'minmax(160px, 1fr)',
        mono: true,
        value: (route) => route.upstream,
      },
      { id: 'tls', header: t('tls'), width: '110px', value: (route) => t(route.tls ? 'on' : 'off') },
      {
        id: 'health',
        header: t('health'),
        width: '150px',
        value: (route) => s(stateOf(route.health_status)),
        render: (route) => <ServiceHealth word={route.health_status} />,
      },
      {
        id: 'response',
        header: t('responseTime'),
        width: '110px',
        align: 'right',
        value: (route) => route.response_time,
        render: (route) => <Took ms={route.response_time} />,
      },
      {
        id: 'checked',
        header: t('lastChecked'),
        width: '150px',
        value: (route) => route.last_checked,
        render: (route) => (route.last_checked ? <Ago at={route.last_checked} /> : '–'),
      },
    ],
    [t, s],
  )
}
