// HAProxy's process: how it does, and reload, start and stop for whoever may.

import { Button, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlayerPlay, IconPlayerStop, IconRefresh } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { api, unwrap } from '~/api/client'
import type { HaproxyStatus } from '~/api/schema'
import { useMay } from '~/app/session'
import { type Translate, useMessages } from '~/i18n'
import { Card, Facts } from '~/ui/card'
import { Mono, State } from '~/ui/small'
import { messages } from './messages'

const EngineDialog = lazy(() => import('./engine-dialog'))

const UNITS = [
  ['unit.day', 86_400],
  ['unit.hour', 3_600],
  ['unit.minute', 60],
] as const

function duration(seconds: number, t: Translate<'unit.day' | 'unit.hour' | 'unit.minute' | 'unit.second'>): string {
  const found = UNITS.find(([, size]) => seconds >= size)
  return found ? t(found[0], { count: Math.floor(seconds / found[1]) }) : t('unit.second', { count: seconds })
}

export function Engine({ status }: { status: HaproxyStatus }) {
  const t = useMessages(messages)
  const state = status.stopped ? 'stopped' : !status.running ? 'notRunning' : status.agrees ? 'running' : 'differs'
  const tone = { stopped: 'act', notRunning: 'act', running: 'good', differs: 'look' } as const
  return (
    <Card title={t('haproxy')} action={<Controls status={status} />}>
      <Facts
        facts={[
          [
            'HAProxy',
            <State key="state" is={tone[state]}>
              {t(state)}
            </State>,
          ],
          [t('version'), <Mono key="version">{status.version ?? '–'}</Mono>],
          [t('mode'), t(status.mode === 'managed' ? 'mode.managed' : 'mode.external')],
          [t('uptime'), typeof status.uptimeSeconds === 'number' ? duration(status.uptimeSeconds, t) : '–'],
          [
            t('connections'),
            typeof status.connections === 'number'
              ? t('ofMax', { count: status.connections, max: status.maxConnections ?? 0 })
              : '–',
          ],
          [t('rate'), typeof status.sessionRate === 'number' ? t('perSecond', { count: status.sessionRate }) : '–'],
        ]}
      />
    </Card>
  )
}

type Verb = 'reload' | 'start' | 'stop'

function Controls({ status }: { status: HaproxyStatus }) {
  const t = useMessages(messages)
  const may = useMay('edge:haproxy:control')
  const client = useQueryClient()
  const [asking, dialog] = useDisclosure(false)
  const act = useMutation({
    mutationFn: async (verb: Verb) => {
      if (verb === 'stop') await unwrap(api.POST('/api/haproxy/stop', { body: { confirm: true } }))
      else await unwrap(api.POST(`/api/haproxy/${verb}`))
    },
    onSettled: () => {
      dialog.close()
      void client.invalidateQueries({ queryKey: ['haproxy-status'] })
      void client.invalidateQueries({ queryKey: ['haproxy-servers'] })
    },
  })
  if (!may) return null
  const down = status.stopped || !status.running
  return (
    <>
      <Group gap={6} wrap="nowrap">
        {down ? (
          <Button
            variant="light"
            leftSection={<IconPlayerPlay size={14} />}
            loading={act.isPending}
            onClick={() => act.mutate('start')}
          >
            {t('start')}
          </Button>
        ) : (
          <>
            <Button
              variant="default"
              leftSection={<IconRefresh size={14} />}
              loading={act.isPending}
              onClick={() => act.mutate('reload')}
            >
              {t('reload')}
            </Button>
            <Button variant="default" leftSection={<IconPlayerStop size={14} />} onClick={dialog.open}>
              {t('stop')}
            </Button>
          </>
        )}
      </Group>
      {(asking || act.isError) && (
        <Suspense>
          <EngineDialog
            error={act.error}
            pending={act.isPending}
            stop={() => act.mutate('stop')}
            close={() => (act.isError ? act.reset() : dialog.close())}
          />
        </Suspense>
      )}
    </>
  )
}
