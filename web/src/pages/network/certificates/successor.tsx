// A successor for the internal authority, and the root before it for as long as there are clients that may know only that one.

import { Button, Group, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '~/api/client'
import type { MeshRoot } from '~/api/schema'
import { useMay } from '~/app/session'
import { useLanguage, useMessages } from '~/i18n'
import { Facts } from '~/ui/card'
import { Copy } from '~/ui/copy'
import { save } from '~/ui/save'
import { Mono } from '~/ui/small'
import { Confirm } from '../confirm'
import { Result, type Said } from '../result'
import { messages } from './messages'

const FILE = 'plenum-root-previous.crt'

export function Successor() {
  const t = useMessages(messages)
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const [said, setSaid] = useState<Said | null>(null)
  if (!useMay('mesh:trust')) return null
  return (
    <Stack gap="sm" component="section" aria-label={t('replaceHeading')}>
      <Group justify="space-between" gap="sm">
        <Text fw={600} size="sm">
          {t('replaceHeading')}
        </Text>
        <Button variant="default" onClick={() => setAsking(true)}>
          {t('replace')}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {t('replaceWhen')}
      </Text>
      {said && <Result said={said} close={() => setSaid(null)} />}
      {asking && (
        <Confirm
          title={t('replaceTitle')}
          verb={t('replaceVerb')}
          act={() => unwrap(api.POST('/mesh/api/tls/ca/rotate'))}
          done={(said) => {
            for (const key of ['mesh-ca', 'mesh-certificates']) void client.invalidateQueries({ queryKey: [key] })
            // What the daemon says of it is in one language only.
            setSaid({ ok: said.ok, message: t('replaced') })
            setAsking(false)
          }}
          close={() => setAsking(false)}
        >
          {t('replaceText')}
        </Confirm>
      )}
    </Stack>
  )
}

export function Previous({ root }: { root: MeshRoot }) {
  const t = useMessages(messages)
  const language = useLanguage()
  return (
    <Stack gap="sm" component="section" aria-label={t('previous')}>
      <Group justify="space-between" gap="sm">
        <Text fw={600} size="sm">
          {t('previous')}
        </Text>
        <Button
          variant="default"
          leftSection={<IconDownload size={15} />}
          onClick={() => save(FILE, 'application/x-pem-file', root.pem)}
        >
          {t('downloadPrevious')}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {t('previousText')}
      </Text>
      <Facts
        facts={[
          [
            t('fingerprint'),
            <span key="fingerprint">
              <Mono>{root.fingerprint}</Mono> <Copy value={root.fingerprint} />
            </span>,
          ],
          [t('until'), new Date(root.not_after).toLocaleDateString(language)],
        ]}
      />
    </Stack>
  )
}
