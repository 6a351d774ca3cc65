// All services: how they do, and where they are.

import { Button, Group, Select, Text } from '@mantine/core'
import { IconPlus, IconTopologyBus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { mesh } from '~/api/mesh'
import type { MeshService } from '~/api/schema'
import { useMay } from '~/app/session'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Ago, Mono, Tag } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'
import { STATES, stateMessages, stateOf } from '../health'
import { Sparkline } from '../sparkline-view'
import { ServiceHealth, Took } from '../state'
import { messages } from './messages'
import { addressOf } from './reach'
import { Register } from './register'
import { SHOWN, type Shown } from './shown'

const here = getRouteApi('/shell/network/services')

export function ServicesPage() {
  const t = useMessages(messages)
  const may = useMay('mesh:write')
  const services = useQuery(mesh.services())
  const search = here.useSearch()
  const navigate = useNavigate()
  const go = (part: { q?: string; state?: Shown | undefined; new?: boolean }) => {
    const next = Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value))
    void navigate({ to: '/network/services', search: next, replace: true })
  }
  const open = (name: string) => void navigate({ to: '/network/services/$name', params: { name } })
  return (
    <Page
      wide
      title={t('title')}
      description={t('description')}
      actions={
        may && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => go({ new: true })}>
            {t('register')}
          </Button>
        )
      }
    >
      <Loaded query={services}>
        {(services) => (
          <Services
            services={services}
            shown={search.state}
            filter={search.q ?? ''}
            set={go}
            open={open}
            {...(may && { register: () => go({ new: true }) })}
          />
        )}
      </Loaded>
      {may && search.new && <Register close={() => go({ new: false })} done={open} />}
    </Page>
  )
}

interface ServicesProps {
  services: readonly MeshService[]
  shown: Shown | undefined
  filter: string
  set: (part: { q?: string; state?: Shown | undefined }) => void
  open: (name: string) => void
  register?: () => void
}

function Services({ services, shown, filter, set, open, register }: ServicesProps) {
  const t = useMessages(messages)
  const s = useMessages(stateMessages)
  const columns = useColumns()
  const rows = useMemo(
    () =>
      services.filter((service) => {
        const isRemoved = service.status !== 'active'
        if (shown === 'removed' || isRemoved) return isRemoved && shown === 'removed'
        return !shown || stateOf(service.health_status) === shown
      }),
    [services, shown],
  )
  const words: Record<Shown, string> = {
    ...(Object.fromEntries(STATES.map((state) => [state, s(state)])) as Record<(typeof STATES)[number], string>),
    removed: t('removed'),
  }
  const choice = (
    <Select
      aria-label={t('shown')}
      placeholder={t('all')}
      data={SHOWN.map((value) => ({ value, label: words[value] }))}
      value={shown ?? null}
      onChange={(value) => set({ state: SHOWN.find((each) => each === value) })}
      clearable
      w={170}
    />
  )
  const isNone = services.every((service) => service.status !== 'active') && !shown
  return (
    <DataTable
      label={t('title')}
      rows={rows}
      rowId={(service) => service.name}
      columns={columns}
      open={(service) => open(service.name)}
      filter={filter}
      onFilter={(q) => set({ q })}
      toolbar={choice}
      empty={
        isNone ? (
          <Empty
            icon={<IconTopologyBus size={32} stroke={1.4} />}
            title={t('empty')}
            action={
              <Group>
                {register && (
                  <Button leftSection={<IconPlus size={15} />} onClick={register}>
                    {t('register')}
                  </Button>
                )}
                {services.length > 0 && choice}
              </Group>
            }
          >
            {t(register ? 'emptyText' : 'emptyRead')}
          </Empty>
        ) : (
          <Empty
            title={t('noneShown')}
            action={
              <Group>
                {choice}
                <Button variant="default" onClick={() => set({ state: undefined })}>
                  {t('showAll')}
                </Button>
              </Group>
            }
          />
        )
      }
    />
  )
}

function useColumns(): Column<MeshService>[] {
  const t = useMessages(messages)
  const s = useMessages(stateMessages)
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('name'),
        width: 'minmax(120px, 1fr)',
        value: (service) => service.name,
        render: (service) => (
          <Text size="sm" truncate>
            <Mono>{service.name}</Mono>
          </Text>
        ),
      },
      {
        id: 'health',
        header: t('health'),
        width: '136px',
        value: (service) => s(stateOf(service.health_status)),
        render: (service) =>
          service.status === 'active' ? (
            <ServiceHealth word={service.health_status} />
          ) : (
            <Text size="sm" c="dimmed">
              {t('removed')}
            </Text>
          ),
      },
      {
        id: 'checks',
        header: t('checks'),
        width: '122px',
        value: (service) => service.history.filter(({ ok }) => !ok).length,
        render: (service) => <Sparkline checks={service.history} />,
      },
      {
        id: 'response',
        header: t('responseTime'),
        width: '92px',
        align: 'right',
        value: (service) => service.response_time,
        render: (service) => <Took ms={service.response_time} />,
      },
      { id: 'url', header: t('url'), width: 'minmax(240px, 2fr)', mono: true, value: addressOf },
      {
        id: 'upstream',
        header: t('upstream'),
        width: 'minmax(170px, 1fr)',
        mono: true,
        value: ({ upstream_protocol: protocol, host, port }) =>
          `${protocol === 'http' ? '' : `${protocol}://`}${host.includes(':') ? `[${host}]` : host}:${port}`,
      },
      {
        id: 'tags',
        header: t('tags'),
        width: 'minmax(130px, 0.8fr)',
        value: (service) => service.tags.join(' '),
        render: ({ tags }) => (
          <Group gap={6} wrap="nowrap" title={tags.join(', ')}>
            {tags[0] && <Tag miw={0}>{tags[0]}</Tag>}
            {tags.length > 1 && (
              <Text size="xs" c="dimmed" style={{ flex: 'none' }}>
                {`+${tags.length - 1}`}
              </Text>
            )}
          </Group>
        ),
      },
      {
        id: 'since',
        header: t('since'),
        width: '152px',
        value: (service) => service.registered_at,
        render: (service) => <Ago at={service.registered_at} />,
      },
      {
        id: 'lastCheck',
        header: t('lastCheck'),
        width: '152px',
        hidden: true,
        value: (service) => service.last_health_check,
        render: (service) => (service.last_health_check ? <Ago at={service.last_health_check} /> : '–'),
      },
    ],
    [t, s],
  )
}
