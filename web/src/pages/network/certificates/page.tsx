// Certificates of services: when each ends, on one axis and as a table in one.

import { ActionIcon, Button, Stack, Text, Tooltip } from '@mantine/core'
import { IconCertificate, IconFileSearch, IconRotateClockwise } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import type { MeshCertificate } from '~/api/schema'
import { useMay } from '~/app/session'
import { toast } from '~/app/toasts'
import { useLanguage, useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { State } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'
import { Confirm } from '../confirm'
import { Acme } from './acme'
import { Authority } from './authority'
import { Inspect } from './inspect'
import { messages, statusOf, TONES } from './messages'
import { type Axis, axisOf, daysUntil } from './timeline'
import { Track } from './track'

const here = getRouteApi('/shell/network/certificates')

export function CertificatesPage() {
  const t = useMessages(messages)
  const search = here.useSearch()
  const go = here.useNavigate()
  const certificates = useQuery(mesh.certificates())
  const [rotating, setRotating] = useState<string | null>(null)
  const set = (part: Partial<typeof search>) =>
    void go({
      search: Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value)),
      replace: true,
    })
  return (
    <Page wide title={t('title')} description={t('description')}>
      <Stack gap="md">
        <Loaded query={certificates}>
          {(certificates) => (
            <List
              certificates={certificates}
              filter={search.q ?? ''}
              setFilter={(q) => set({ q })}
              inspect={(inspect) => set({ inspect })}
              rotate={setRotating}
            />
          )}
        </Loaded>
        <Authority />
        <Acme />
      </Stack>
      {search.inspect && <Inspect name={search.inspect} close={() => set({ inspect: '' })} />}
      {rotating && <Rotate name={rotating} close={() => setRotating(null)} />}
    </Page>
  )
}

function Rotate({ name, close }: { name: string; close: () => void }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  return (
    <Confirm
      title={t('rotateTitle', { name })}
      verb={t('rotateVerb')}
      act={() => unwrap(api.POST('/mesh/api/tls/{name}/rotate', { params: { path: { name } } }))}
      done={() => {
        void client.invalidateQueries({ queryKey: ['mesh-certificates'] })
        void toast({ message: t('rotated', { name }), color: 'green' })
        close()
      }}
      close={close}
    >
      {t('rotateText')}
    </Confirm>
  )
}

interface ListProps {
  certificates: readonly MeshCertificate[]
  filter: string
  setFilter: (filter: string) => void
  inspect: (name: string) => void
  rotate: (name: string) => void
}

function List({ certificates, filter, setFilter, inspect, rotate }: ListProps) {
  const t = useMessages(messages)
  const language = useLanguage()
  const may = useMay('mesh:write')
  // The axis is that of the moment in which the certificates were read.
  const { axis, now } = useMemo(() => {
    const now = Date.now()
    return {
      now,
      axis: axisOf(
        certificates.map(({ not_after }) => Date.parse(not_after)),
        now,
      ),
    }
  }, [certificates])
  const columns = useColumns(axis, now)
  const date = (at: number) => new Date(at).toLocaleDateString(language, { dateStyle: 'medium' })
  return (
    <Stack gap={6}>
      <DataTable
        label={t('title')}
        rows={certificates}
        rowId={(certificate) => certificate.domain}
        columns={columns}
        initialSort={{ id: 'until' }}
        open={({ name }) => inspect(name)}
        filter={filter}
        onFilter={setFilter}
        actions={({ name }) => (
          <>
            <Tooltip label={t('inspect', { name })}>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('inspect', { name })}
                onClick={() => inspect(name)}
              >
                <IconFileSearch size={16} />
              </ActionIcon>
            </Tooltip>
            {may && (
              <Tooltip label={t('rotate', { name })}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={t('rotate', { name })}
                  onClick={() => rotate(name)}
                >
                  <IconRotateClockwise size={16} />
                </ActionIcon>
              </Tooltip>
            )}
          </>
        )}
        empty={
          <Empty
            icon={<IconCertificate size={32} stroke={1.4} />}
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
      {certificates.length > 0 && (
        <Text size="xs" c="dimmed">
          {t('axis', { from: date(axis.from), to: date(axis.to) })}
        </Text>
      )}
    </Stack>
  )
}

function useColumns(axis: Axis, now: number): Column<MeshCertificate>[] {
  const t = useMessages(messages)
  const language = useLanguage()
  return useMemo(() => {
    const left = (certificate: MeshCertificate) => {
      const count = daysUntil(Date.parse(certificate.not_after), now)
      return count < 0 ? t('over', { count: -count }) : count === 0 ? t('today') : t('days', { count })
    }
    return [
      { id: 'name', header: t('service'), width: 'minmax(120px, 1fr)', mono: true, value: ({ name }) => name },
      { id: 'domain', header: t('domain'), width: 'minmax(170px, 1.3fr)', mono: true, value: ({ domain }) => domain },
      {
        id: 'status',
        header: t('status'),
        width: '130px',
        value: ({ status }) => t(`status.${statusOf(status)}`),
        render: ({ status }) => <State is={TONES[statusOf(status)]}>{t(`status.${statusOf(status)}`)}</State>,
      },
      {
        id: 'timeline',
        header: t('timeline'),
        width: 'minmax(180px, 2fr)',
        value: ({ not_after }) => not_after,
        render: (certificate) => (
          <Track
            axis={axis}
            now={now}
            end={Date.parse(certificate.not_after)}
            status={statusOf(certificate.status)}
            label={left(certificate)}
          />
        ),
      },
      { id: 'left', header: t('left'), width: '150px', value: left },
      {
        id: 'until',
        header: t('until'),
        width: '150px',
        value: ({ not_after }) => not_after,
        render: ({ not_after }) => new Date(not_after).toLocaleDateString(language, { dateStyle: 'medium' }),
      },
      { id: 'algorithm', header: t('algorithm'), width: '130px', hidden: true, value: ({ algorithm }) => algorithm },
      { id: 'serial', header: t('serial'), mono: true, hidden: true, value: ({ serial }) => serial },
      { id: 'fingerprint', header: t('fingerprint'), mono: true, hidden: true, value: (row) => row.fingerprint },
    ]
  }, [t, language, axis, now])
}
