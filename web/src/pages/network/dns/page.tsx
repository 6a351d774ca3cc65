// Names: what is answered, by whom, and why.

import { Button, SimpleGrid, Stack } from '@mantine/core'
import { IconEraser, IconWorldSearch } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import { queries } from '~/api/queries'
import type { MeshDnsEntry, MeshStatus } from '~/api/schema'
import { useMay } from '~/app/session'
import { useMessages } from '~/i18n'
import { Card, Facts } from '~/ui/card'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Ago, Mono, State } from '~/ui/small'
import { Empty, Failure, Loaded } from '~/ui/states'
import { Result } from '../result'
import { Ask } from './ask'
import { messages } from './messages'
import { SetUp } from './setup'
import { type Dns, dnsOf } from './setups'
import { Texts } from './texts'

const here = getRouteApi('/shell/network/dns')

export function DnsPage() {
  const t = useMessages(messages)
  const may = useMay('mesh:write')
  const mayConfig = useMay('config:read')
  const search = here.useSearch()
  const go = here.useNavigate()
  const entries = useQuery(mesh.dns())
  const status = useQuery(mesh.status())
  const config = useQuery({ ...queries.config(), enabled: mayConfig })
  const dns = useMemo(() => (config.data ? dnsOf(config.data.settings) : undefined), [config.data])
  const columns = useColumns()
  const flush = useMutation({ mutationFn: () => unwrap(api.POST('/mesh/api/dns/flush')) })
  const set = (part: Partial<typeof search>) =>
    void go({
      search: Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value)),
      replace: true,
    })
  return (
    <Page
      title={t('title')}
      description={t('description')}
      actions={
        may &&
        status.data?.dns && (
          <Button
            variant="default"
            leftSection={<IconEraser size={15} />}
            loading={flush.isPending}
            onClick={() => flush.mutate()}
          >
            {t('flush')}
          </Button>
        )
      }
    >
      {flush.data && <Result said={flush.data} close={flush.reset} />}
      {flush.error && <Failure error={flush.error} />}
      <Stack gap="md">
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <Ask name={search.ask} ask={(ask) => set({ ask })} />
          <Server status={status.data} dns={dns} />
        </SimpleGrid>
        <Loaded query={entries}>
          {(entries) => (
            <DataTable
              label={t('names')}
              rows={entries}
              rowId={(entry) => entry.domain}
              columns={columns}
              to={({ name }) => ({ to: '/network/services/$name', params: { name } })}
              filter={search.q ?? ''}
              onFilter={(q) => set({ q })}
              empty={
                <Empty
                  icon={<IconWorldSearch size={32} stroke={1.4} />}
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
        <Texts />
        {dns && <SetUp dns={dns} />}
      </Stack>
    </Page>
  )
}

function Server({ status, dns }: { status: MeshStatus | undefined; dns: Dns | undefined }) {
  const t = useMessages(messages)
  const isOff = dns?.listen === null
  const state = status?.dns ? 'answers' : isOff ? 'off' : status?.services.total === 0 ? 'idle' : 'silent'
  const tone = { answers: 'good', off: 'idle', idle: 'idle', silent: 'act' } as const
  return (
    <Card title={t('server')}>
      <Facts
        facts={[
          [
            t('state'),
            status ? (
              <State key="state" is={tone[state]}>
                {t(state)}
              </State>
            ) : (
              '–'
            ),
          ],
          ...(dns
            ? ([
                [t('engine'), t(dns.engine === 'dnsmasq' ? 'dnsmasq' : 'embedded')],
                [
                  t('listens'),
                  dns.listen ? <Mono key="listen">{`${dns.listen.address}:${dns.listen.port}`}</Mono> : '–',
                ],
                [t('zone'), <Mono key="zone">{dns.domain}</Mono>],
                [t('gateway'), <Mono key="gateway">{dns.gateway}</Mono>],
                [
                  t('upstreams'),
                  dns.upstreams.length > 0 ? <Mono key="up">{dns.upstreams.join(', ')}</Mono> : t('noUpstreams'),
                ],
              ] as [string, ReactNode][])
            : []),
        ]}
      />
    </Card>
  )
}

function useColumns(): Column<MeshDnsEntry>[] {
  const t = useMessages(messages)
  return useMemo(
    () => [
      { id: 'domain', header: t('domain'), width: 'minmax(200px, 1.5fr)', mono: true, value: (entry) => entry.domain },
      { id: 'address', header: t('address'), width: 'minmax(140px, 1fr)', mono: true, value: (entry) => entry.ip },
      { id: 'name', header: t('name'), value: (entry) => entry.name, mono: true },
      {
        id: 'source',
        header: t('source'),
        width: '160px',
        value: (entry) => (entry.source === 'conduit' ? t('source.conduit') : entry.source),
      },
      {
        id: 'created',
        header: t('created'),
        width: '152px',
        value: (entry) => entry.created_at,
        render: (entry) => <Ago at={entry.created_at} />,
      },
    ],
    [t],
  )
}
