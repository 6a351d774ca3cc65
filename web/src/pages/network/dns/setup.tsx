// The server behind the names, and how others are told to ask it. Shown to whoever may read the configuration, which says where it
// listens.

import { Stack, Tabs, Text } from '@mantine/core'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Command } from '../command'
import { messages } from './messages'
import { type Dns, setupsOf } from './setups'

export function SetUp({ dns }: { dns: Dns }) {
  const t = useMessages(messages)
  const setups = setupsOf(dns)
  const [first] = setups
  if (!first || !dns.listen) return null
  const { address, port } = dns.listen
  const isLoopback = address === '::1' || address.startsWith('127.')
  const shown = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  return (
    <Card title={t('setup')}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('setupText', { domain: dns.domain, server: shown })} {isLoopback && t('loopback')}
        </Text>
        <Tabs defaultValue={first.system} keepMounted={false}>
          <Tabs.List>
            {setups.map(({ system }) => (
              <Tabs.Tab key={system} value={system}>
                {system}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {setups.map(({ system, file, text }) => (
            <Tabs.Panel key={system} value={system} pt="sm">
              <Stack gap={6}>
                <Text size="sm">{file ? t('file', { file }) : t('command')}</Text>
                <Command text={text} label={t('copy', { system })} />
              </Stack>
            </Tabs.Panel>
          ))}
        </Tabs>
      </Stack>
    </Card>
  )
}
