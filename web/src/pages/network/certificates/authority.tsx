// The internal authority: what it is, its root as a file, and how every system is made to trust it.

import { Anchor, Button, Code, Group, Stack, Tabs, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import type { MeshAuthority } from '~/api/schema'
import { useMay } from '~/app/session'
import { useLanguage, useMessages } from '~/i18n'
import { Card, Facts } from '~/ui/card'
import { Copy } from '~/ui/copy'
import { save } from '~/ui/save'
import { Mono } from '~/ui/small'
import { Loaded } from '~/ui/states'
import { Command } from '../command'
import { Confirm } from '../confirm'
import { Result, type Said } from '../result'
import { ROOT_FILE } from '../services/reach'
import { messages } from './messages'
import { Previous, Successor } from './successor'

/** The list of what was revoked; it is for everybody. */
const REVOKED = '/mesh/api/tls/crl'
const REVOKED_FILE = 'plenum-revoked.pem'

export function Authority() {
  const t = useMessages(messages)
  const authority = useQuery(mesh.authority())
  const ca = authority.data
  return (
    <Card
      title={t('ca')}
      action={
        ca && (
          <Button
            variant="default"
            style={{ flex: 'none' }}
            leftSection={<IconDownload size={15} />}
            onClick={() => save(ROOT_FILE, 'application/x-pem-file', ca.pem)}
          >
            {t('download')}
          </Button>
        )
      }
    >
      <Loaded query={authority}>{(ca) => <Details ca={ca} />}</Loaded>
    </Card>
  )
}

function Details({ ca }: { ca: MeshAuthority }) {
  const t = useMessages(messages)
  const language = useLanguage()
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {t('caText')}
      </Text>
      <Facts
        facts={[
          [t('caName'), <Mono key="name">{ca.issuer}</Mono>],
          [
            t('fingerprint'),
            <span key="fingerprint">
              <Mono>{ca.fingerprint}</Mono> <Copy value={ca.fingerprint} />
            </span>,
          ],
          [t('until'), new Date(ca.not_after).toLocaleDateString(language)],
          [t('algorithm'), ca.algorithm],
          [
            t('crl'),
            <Anchor key="crl" size="sm" href={REVOKED} download={REVOKED_FILE}>
              {t('crlGet')}
            </Anchor>,
          ],
        ]}
      />
      {ca.previous && <Previous root={ca.previous} />}
      <Trust instructions={ca.instructions} />
      <Successor />
    </Stack>
  )
}

function Trust({ instructions }: { instructions: MeshAuthority['instructions'] }) {
  const t = useMessages(messages)
  const may = useMay('mesh:trust')
  const [asking, setAsking] = useState(false)
  const [said, setSaid] = useState<Said | null>(null)
  return (
    <Stack gap="sm" component="section" aria-label={t('trust')}>
      <Group justify="space-between">
        <Text fw={600} size="sm">
          {t('trust')}
        </Text>
        {may && (
          <Button variant="default" onClick={() => setAsking(true)}>
            {t('install')}
          </Button>
        )}
      </Group>
      {said && <Result said={said} close={() => setSaid(null)} />}
      {instructions.length > 0 && (
        <Tabs defaultValue="0" keepMounted={false}>
          <Tabs.List>
            {instructions.map(({ system }, i) => (
              <Tabs.Tab key={system} value={String(i)}>
                {system}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {instructions.map(({ system, command }, i) => (
            <Tabs.Panel key={system} value={String(i)} pt="sm">
              <Stack gap={6}>
                <Text size="sm">{t(system === 'Firefox' ? 'firefoxText' : 'trustText')}</Text>
                {system === 'Firefox' ? (
                  <Code block style={{ whiteSpace: 'pre-wrap' }} lang="en">
                    {command}
                  </Code>
                ) : (
                  <Command text={command} label={t('copyCommand', { system })} />
                )}
              </Stack>
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
      {asking && (
        <Confirm
          title={t('installTitle')}
          verb={t('install')}
          isHarmless
          act={() => unwrap(api.POST('/mesh/api/tls/trust'))}
          done={(said) => {
            setSaid(said)
            setAsking(false)
          }}
          close={() => setAsking(false)}
        >
          {t('installText')}
        </Confirm>
      )}
    </Stack>
  )
}
