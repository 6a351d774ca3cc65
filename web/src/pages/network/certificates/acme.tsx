// The authority for machines: where ACME clients find it, which is at the origin that this page came from.

import { Stack, Text } from '@mantine/core'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Command } from '../command'
import { Issued } from './issued'
import { messages } from './messages'

export function Acme() {
  const t = useMessages(messages)
  const directory = `${window.location.origin}/acme/directory`
  return (
    <Card title={t('acme')}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('acmeText')}
        </Text>
        <Stack gap={4}>
          <Text size="sm">{t('acmeDirectory')}</Text>
          <Command text={directory} label={t('acmeCopy')} />
        </Stack>
        <Stack gap={4}>
          <Text size="sm">{t('acmeExample')}</Text>
          <Command
            text={`certbot certonly --standalone --server ${directory} -d ${t('acmeName')}`}
            label={t('acmeCopyExample')}
          />
        </Stack>
        <Issued />
      </Stack>
    </Card>
  )
}
