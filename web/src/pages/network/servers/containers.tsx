// The containers of all machines.

import { Alert, List, Stack, Title } from '@mantine/core'
import { IconBox } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { mesh } from '~/api/mesh'
import type { MeshContainer } from '~/api/schema'
import { useLanguage, useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import type { Health } from '~/ui/health'
import { State } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'
import { sizeOf } from './level'
import { messages } from './messages'

const TONES: Readonly<Record<string, Health>> = { running: 'good', restarting: 'look', paused: 'look', dead: 'act' }

interface Props {
  filter: string
  setFilter: (filter: string) => void
}

export function Containers({ filter, setFilter }: Props) {
  const t = useMessages(messages)
  const machines = useQuery(mesh.machines()).data
  // Containers and reasons have the id of their machine; people know it by its name.
  const nameOf = useMemo(() => {
    const names = new Map(machines?.map(({ id, name }) => [id, name]))
    return (id: string) => names.get(id) ?? id
  }, [machines])
  const query = useQuery(mesh.containers())
  const columns = useColumns(nameOf)
  return (
    <Stack gap="sm" component="section" aria-label={t('containers')}>
      <Title order={2}>{t('containers')}</Title>
      <Loaded query={query}>
        {({ containers, errors }) => (
          <>
            {containers.length > 0 && errors.length > 0 && (
              <Alert color="gray" title={t('containersMissing')}>
                <Reasons errors={errors} nameOf={nameOf} />
              </Alert>
            )}
            <DataTable
              label={t('containers')}
              rows={containers}
              rowId={(container) => `${container.server}/${container.id}`}
              columns={columns}
              filter={filter}
              onFilter={setFilter}
              empty={
                <Empty icon={<IconBox size={32} stroke={1.4} />} title={t('noContainers')}>
                  {errors.length > 0 ? <Reasons errors={errors} nameOf={nameOf} /> : t('noContainersText')}
                </Empty>
              }
            />
          </>
        )}
      </Loaded>
    </Stack>
  )
}

interface ReasonsProps {
  errors: readonly { server: string; error: string }[]
  nameOf: (id: string) => string
}

function Reasons({ errors, nameOf }: ReasonsProps) {
  return (
    <List size="sm" listStyleType="none">
      {errors.map(({ server, error }) => (
        <List.Item key={server} lang="en" style={{ overflowWrap: 'anywhere' }}>
          {`${nameOf(server)}: ${error}`}
        </List.Item>
      ))}
    </List>
  )
}

function useColumns(nameOf: (id: string) => string): Column<MeshContainer>[] {
  const t = useMessages(messages)
  const language = useLanguage()
  return useMemo(() => {
    const size = (bytes: number | null | undefined) => (typeof bytes === 'number' ? sizeOf(bytes, language) : '–')
    return [
      { id: 'name', header: t('container.name'), width: 'minmax(150px, 1.2fr)', mono: true, value: ({ name }) => name },
      { id: 'server', header: t('container.server'), width: '130px', value: ({ server }) => nameOf(server) },
      {
        id: 'image',
        header: t('container.image'),
        width: 'minmax(160px, 1.4fr)',
        mono: true,
        value: ({ image }) => image,
      },
      {
        id: 'state',
        header: t('container.state'),
        width: 'minmax(210px, 1fr)',
        value: ({ state, status }) => `${state} ${status}`,
        render: ({ state, status }) => (
          <span lang="en" title={state}>
            <State is={TONES[state] ?? 'idle'}>{status || state}</State>
          </span>
        ),
      },
      {
        id: 'cpu',
        header: t('cpu'),
        width: '86px',
        align: 'right',
        value: ({ cpu_percent }) => cpu_percent,
        render: ({ cpu_percent }) =>
          typeof cpu_percent === 'number'
            ? (cpu_percent / 100).toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 })
            : '–',
      },
      {
        id: 'memory',
        header: t('memory'),
        width: '170px',
        align: 'right',
        value: ({ memory_usage }) => memory_usage,
        render: ({ memory_usage, memory_limit }) =>
          typeof memory_usage === 'number' && typeof memory_limit === 'number' && memory_limit > 0
            ? t('of', { used: size(memory_usage), total: size(memory_limit) })
            : size(memory_usage),
      },
      {
        id: 'net',
        header: t('container.net'),
        width: '170px',
        align: 'right',
        value: ({ net_rx }) => net_rx,
        render: ({ net_rx, net_tx }) => `${size(net_rx)} / ${size(net_tx)}`,
      },
      { id: 'pids', header: t('container.pids'), width: '116px', align: 'right', value: ({ pids }) => pids },
    ]
  }, [t, language, nameOf])
}
