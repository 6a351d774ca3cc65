// The machines that services run on: how busy each is.

import { SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { mesh } from '~/api/mesh'
import { useMessages } from '~/i18n'
import { Page } from '~/ui/page'
import { Loaded } from '~/ui/states'
import { MachineCard } from './machine'
import { messages } from './messages'

export function ServersPage() {
  const t = useMessages(messages)
  const machines = useQuery(mesh.machines())
  return (
    <Page wide title={t('title')} description={t('description')}>
      <Loaded query={machines}>
        {(machines) => (
          <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }} spacing="md">
            {machines.map((machine) => (
              <MachineCard key={machine.id} machine={machine} />
            ))}
          </SimpleGrid>
        )}
      </Loaded>
    </Page>
  )
}
