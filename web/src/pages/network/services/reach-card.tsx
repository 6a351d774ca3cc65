import { Anchor, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { mesh } from '~/api/mesh'
import type { MeshService } from '~/api/schema'
import { useLanguage, useMessages } from '~/i18n'
import { Card, Facts } from '~/ui/card'
import { Copy } from '~/ui/copy'
import { Mono } from '~/ui/small'
import { Command } from '../command'
import { messages } from './messages'
import { addressOf, curlLine } from './reach'

/** How a person reaches the service: its address, its name, its certificate, and a line to try it with. */
export function Reach({ service }: { service: MeshService }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const names = useQuery(mesh.dns())
  const certificates = useQuery({ ...mesh.certificates(), enabled: service.tls_enabled })
  const entry = names.data?.find(({ domain }) => domain === service.fqdn)
  const certificate = certificates.data?.find(({ domain }) => domain === service.fqdn)
  const address = addressOf(service)
  return (
    <Card title={t('reach')}>
      <Stack gap="md">
        <Facts
          facts={[
            [
              t('address'),
              <span key="address">
                <Mono>{address}</Mono> <Copy value={address} />
              </span>,
            ],
            [t('dnsName'), <Mono key="name">{service.fqdn}</Mono>],
            [t('answers'), entry ? <Mono key="ip">{entry.ip}</Mono> : '–'],
            [
              t('certificate'),
              !service.tls_enabled ? (
                t('noCertificate')
              ) : certificate ? (
                <span key="certificate">
                  {t('validUntil')} {new Date(certificate.not_after).toLocaleDateString(language)}
                  {' · '}
                  <Anchor
                    size="sm"
                    underline="always"
                    renderRoot={(props) => (
                      <Link to="/network/certificates" search={{ inspect: certificate.name }} {...props} />
                    )}
                  >
                    {t('inspect')}
                  </Anchor>
                </span>
              ) : (
                '–'
              ),
            ],
          ]}
        />
        {service.direct ? (
          <Text size="sm" c="dimmed">
            {t('directText')}
          </Text>
        ) : (
          <Stack gap={4}>
            <Text size="sm" fw={550}>
              {t('curl')}
            </Text>
            <Command text={curlLine(service, entry?.ip)} label={t('copyCurl')} />
            {service.tls_enabled && (
              <Text size="xs" c="dimmed">
                {t('curlText')}{' '}
                <Anchor
                  size="xs"
                  underline="always"
                  renderRoot={(props) => <Link to="/network/certificates" {...props} />}
                >
                  {t('toCertificates')}
                </Anchor>
              </Text>
            )}
          </Stack>
        )}
      </Stack>
    </Card>
  )
}
