// One service: how it does, how it is reached, and what it was registered with.

import { Alert, Anchor, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconChevronLeft, IconExternalLink, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import type { MeshService } from '~/api/schema'
import { useMay } from '~/app/session'
import { toast } from '~/app/toasts'
import { useLanguage, useMessages } from '~/i18n'
import { Card, Facts } from '~/ui/card'
import { Page } from '~/ui/page'
import { Ago, Mono, Tag } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'
import { Confirm } from '../confirm'
import { Sparkline } from '../sparkline-view'
import { ServiceHealth, Took } from '../state'
import { fieldsOf } from './form'
import { History } from './history'
import type { Span } from './hours'
import { messages } from './messages'
import { Reach } from './reach-card'
import { Register } from './register'
import { Requests } from './requests'

const here = getRouteApi('/shell/network/services/$name')

export function ServicePage() {
  const t = useMessages(messages)
  const { name } = here.useParams()
  const { hours = 24 } = here.useSearch()
  const navigate = here.useNavigate()
  const services = useQuery(mesh.services())
  return (
    <Loaded query={services}>
      {(services) => {
        const key = name.toLowerCase()
        const service = services.find((each) => each.name.toLowerCase() === key)
        return service ? (
          <Service
            service={service}
            hours={hours}
            show={(hours) => void navigate({ search: hours === 24 ? {} : { hours }, replace: true })}
          />
        ) : (
          <Page title={t('title')}>
            <Empty
              title={t('gone')}
              action={
                <Button variant="default" renderRoot={(props) => <Link to="/network/services" {...props} />}>
                  {t('back')}
                </Button>
              }
            >
              {t('goneText')}
            </Empty>
          </Page>
        )
      }}
    </Loaded>
  )
}

type Asking = 'deregister' | 'register' | null

interface ServiceProps {
  service: MeshService
  hours: Span
  show: (hours: Span) => void
}

function Service({ service, hours, show }: ServiceProps) {
  const t = useMessages(messages)
  const may = useMay('mesh:write')
  const navigate = useNavigate()
  const [asking, setAsking] = useState<Asking>(null)
  const isActive = service.status === 'active'
  const close = () => setAsking(null)
  return (
    <Page
      title={service.name}
      description={
        <Anchor size="sm" c="dimmed" renderRoot={(props) => <Link to="/network/services" {...props} />}>
          <IconChevronLeft size={14} aria-hidden style={{ verticalAlign: '-2px' }} />
          {t('title')}
        </Anchor>
      }
      actions={
        <>
          {isActive && !service.direct && (
            <Button
              variant="default"
              component="a"
              href={service.url}
              target="_blank"
              rel="noreferrer"
              leftSection={<IconExternalLink size={15} />}
            >
              {t('open')}
            </Button>
          )}
          {may && isActive && (
            <Button
              variant="light"
              color="red"
              leftSection={<IconTrash size={15} />}
              onClick={() => setAsking('deregister')}
            >
              {t('deregister')}
            </Button>
          )}
          {may && !isActive && <Button onClick={() => setAsking('register')}>{t('again')}</Button>}
        </>
      }
    >
      {!isActive && (
        <Alert color="gray" role="status">
          <Removed at={service.deregistered_at ?? service.registered_at} />
        </Alert>
      )}
      <Stack gap="md">
        {isActive && <Health service={service} />}
        <SimpleGrid cols={{ base: 1, md: isActive ? 2 : 1 }} spacing="md">
          {isActive && <Reach service={service} />}
          <Registration service={service} />
        </SimpleGrid>
        <History name={service.name} hours={hours} show={show} />
        {isActive && !service.direct && <Requests name={service.name} />}
      </Stack>
      {asking === 'deregister' && (
        <Confirm
          title={t('deregisterTitle', { name: service.name })}
          verb={t('deregister')}
          act={() => unwrap(api.DELETE('/mesh/api/services/{name}', { params: { path: { name: service.name } } }))}
          done={(said) => {
            void toast({ message: said.message, color: 'green' })
            void navigate({ to: '/network/services' })
          }}
          close={close}
        >
          {t('deregisterText')}
        </Confirm>
      )}
      {asking === 'register' && <Register from={fieldsOf(service)} close={close} done={close} />}
    </Page>
  )
}

function Removed({ at }: { at: string }) {
  const t = useMessages(messages)
  const language = useLanguage()
  return t('wasRemoved', { when: new Date(at).toLocaleString(language) })
}

function Health({ service }: { service: MeshService }) {
  const t = useMessages(messages)
  const last = service.history.at(-1)
  return (
    <Card title={t('health')}>
      <Stack gap="sm">
        <Group gap="xl" align="baseline">
          <Text fw={600} component="div">
            <ServiceHealth word={service.health_status} />
          </Text>
          {typeof service.response_time === 'number' && (
            <Text size="sm">
              <Took ms={service.response_time} />
            </Text>
          )}
          {last && (
            <Text size="sm" c="dimmed">
              {t('lastCheck')} <Ago at={last.at} />
            </Text>
          )}
        </Group>
        {service.health_reason && (
          <Text size="sm">
            {t('reason')}
            {': '}
            <Mono>{service.health_reason}</Mono>
          </Text>
        )}
        <Sparkline checks={service.history} wide />
        <Text size="xs" c="dimmed">
          {t('checksText')}
        </Text>
      </Stack>
    </Card>
  )
}

function Registration({ service }: { service: MeshService }) {
  const t = useMessages(messages)
  const language = useLanguage()
  return (
    <Card title={t('registration')}>
      <Facts
        facts={[
          [t('upstream'), <Mono key="upstream">{`${service.host}:${service.port}`}</Mono>],
          [t('protocol'), service.upstream_protocol],
          [t('healthPath'), <Mono key="path">{service.health_path}</Mono>],
          [t('tls'), t(service.tls_enabled ? 'on' : 'off')],
          [t('direct'), t(service.direct ? 'on' : 'off')],
          [
            t('tags'),
            service.tags.length === 0 ? (
              '–'
            ) : (
              <Group key="tags" gap={4}>
                {service.tags.map((tag) => (
                  <Tag key={tag} maw="100%">
                    {tag}
                  </Tag>
                ))}
              </Group>
            ),
          ],
          [t('registeredAt'), new Date(service.registered_at).toLocaleString(language)],
        ]}
      />
    </Card>
  )
}
