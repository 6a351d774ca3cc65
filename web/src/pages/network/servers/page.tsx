// The machines that services run on: how busy each is, and their containers.

import { ActionIcon, Alert, Button, SimpleGrid, Stack, Text, Tooltip } from '@mantine/core'
import { IconAlertTriangle, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import type { Machine } from '~/api/schema'
import { useMay } from '~/app/session'
import { toast } from '~/app/toasts'
import { useMessages } from '~/i18n'
import { Page } from '~/ui/page'
import { Loaded } from '~/ui/states'
import { Confirm } from '../confirm'
import { Add } from './add'
import { Containers } from './containers'
import { MachineCard } from './machine'
import { messages } from './messages'
import { TrustKey } from './trust'

const here = getRouteApi('/shell/network/servers')

type Asking = { about: 'remove' | 'trust'; id: string } | null

export function ServersPage() {
  const t = useMessages(messages)
  const may = useMay('mesh:write')
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const machines = useQuery(mesh.machines())
  const [asking, setAsking] = useState<Asking>(null)
  const set = (part: Partial<typeof search>) =>
    void navigate({
      search: Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value)),
      replace: true,
    })
  const machine = machines.data?.find(({ id }) => id === asking?.id)
  const close = () => setAsking(null)
  return (
    <Page
      wide
      title={t('title')}
      description={
        <>
          {t('description')} {may && t('addText')}
        </>
      }
      actions={
        may && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => set({ new: true })}>
            {t('add')}
          </Button>
        )
      }
    >
      <Stack gap="xl">
        <Loaded query={machines}>
          {(machines) => (
            <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }} spacing="md">
              {machines.map((machine) => (
                <One key={machine.id} machine={machine} may={may} ask={setAsking} />
              ))}
            </SimpleGrid>
          )}
        </Loaded>
        <Containers filter={search.q ?? ''} setFilter={(q) => set({ q })} />
      </Stack>
      {may && search.new && <Add close={() => set({ new: false })} />}
      {machine && asking?.about === 'remove' && <Remove machine={machine} close={close} />}
      {machine?.offered_key && asking?.about === 'trust' && (
        <TrustKey machine={machine} offered={machine.offered_key} close={close} />
      )}
    </Page>
  )
}

function One({ machine, may, ask }: { machine: Machine; may: boolean; ask: (asking: Asking) => void }) {
  const t = useMessages(messages)
  const remove = t('remove', { name: machine.name })
  return (
    <MachineCard
      machine={machine}
      actions={
        may &&
        machine.id !== 'local' && (
          <Tooltip label={remove}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={remove}
              onClick={() => ask({ about: 'remove', id: machine.id })}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Tooltip>
        )
      }
      {...(machine.status === 'changed_key' && {
        notice: (
          <Alert color="red" icon={<IconAlertTriangle size={18} />}>
            <Stack gap="xs" align="flex-start">
              <Text size="sm">{t('trust.short')}</Text>
              {may && machine.offered_key && (
                <Button variant="default" onClick={() => ask({ about: 'trust', id: machine.id })}>
                  {t('trust.open')}
                </Button>
              )}
            </Stack>
          </Alert>
        ),
      })}
    />
  )
}

function Remove({ machine, close }: { machine: Machine; close: () => void }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  return (
    <Confirm
      title={t('removeTitle', { name: machine.name })}
      verb={t('removeVerb')}
      act={() => unwrap(api.DELETE('/mesh/api/servers/{name}', { params: { path: { name: machine.name } } }))}
      done={() => {
        for (const key of ['mesh-servers', 'mesh-containers', 'mesh-status']) {
          void client.invalidateQueries({ queryKey: [key] })
        }
        void toast({ message: t('removed', { name: machine.name }), color: 'green' })
        close()
      }}
      close={close}
    >
      {t('removeText')}
    </Confirm>
  )
}
