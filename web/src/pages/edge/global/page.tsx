// The global section, in five tabs so that no form is one endless list.

import { Paper, Radio, SimpleGrid, Stack, Tabs, Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useMay } from '~/app/session'
import { setSingle, useDocument } from '~/draft/hooks'
import { useIssuesOf } from '~/draft/issues'
import { getIn, isObject, type Json, type Path } from '~/draft/json'
import { useMessages } from '~/i18n'
import type { Layout } from '~/schema/schema-form'
import { Page } from '~/ui/page'
import { Pending } from '~/ui/states'
import { AsJson } from '../links'
import { Part } from '../part'
import { messages } from './messages'
import { type GlobalTab, partsOf, TABS, tabOf } from './parts'

const here = getRouteApi('/shell/edge/global')

export interface GlobalSearch {
  tab?: GlobalTab
  field?: string
}

const change = (path: Path, value: Json) => setSingle('globalSettings', path, value)

export function GlobalPage() {
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const document = useDocument()
  const search: GlobalSearch = here.useSearch()
  const navigate = here.useNavigate()
  const issues = useIssuesOf('globalSettings')
  if (!document) return <Pending />
  const settings = document.haproxy.globalSettings
  const tab = search.tab ?? tabOf(search.field)
  return (
    <Page title={t('title')} description={t('about')} actions={<AsJson at="/haproxy/globalSettings" />}>
      <Tabs
        value={tab}
        onChange={(next) => void navigate({ search: next ? { tab: next as GlobalTab } : {} })}
        keepMounted={false}
      >
        <Tabs.List>
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tab.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} pt="md">
          <Stack gap="md">
            {tab === 'tls' && <Profile value={settings.ssl} readOnly={!may} />}
            {partsOf(tab).map((part) => (
              <Section
                key={`${tab}${part.at.join('/')}`}
                part={part}
                value={getIn(settings, part.at)}
                issues={issues}
                focus={search.field}
                readOnly={!may}
              />
            ))}
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}

interface SectionProps {
  part: ReturnType<typeof partsOf>[number]
  value: Json
  issues: ReadonlyMap<string, string>
  focus: string | undefined
  readOnly: boolean
}

function Section({ part, value, issues, focus, readOnly }: SectionProps) {
  const t = useMessages(messages)
  const layout = useMemo<Layout>(
    () => ({ groups: part.groups.map(({ title, ...group }) => ({ ...group, title: t(title) })), hide: part.hide }),
    [part, t],
  )
  return (
    <Part
      def={part.def}
      at={part.at}
      value={value}
      change={change}
      layout={layout}
      issues={issues}
      focus={focus}
      readOnly={readOnly}
    />
  )
}

const PROFILES = ['modern', 'intermediate', 'old', 'custom'] as const

/** The preset, with what each means. */
function Profile({ value, readOnly }: { value: Json; readOnly: boolean }) {
  const t = useMessages(messages)
  const profile = isObject(value) && isObject(value.profile) ? value.profile.name : undefined
  if (readOnly) {
    const chosen = PROFILES.find((name) => name === profile) ?? 'intermediate'
    return (
      <Paper>
        <Text size="sm" fw={500}>
          {t('profile')}
        </Text>
        <Text size="sm">{t(chosen)}</Text>
        <Text size="xs" c="dimmed">
          {t(`${chosen}Help`)}
        </Text>
      </Paper>
    )
  }
  return (
    <Paper data-field="/ssl/profile">
      <Radio.Group
        label={t('profile')}
        description={t('profileHelp')}
        value={typeof profile === 'string' ? profile : 'intermediate'}
        onChange={(name) => change(['ssl', 'profile', 'name'], name)}
      >
        <SimpleGrid cols={{ base: 1, sm: 2 }} mt="sm" spacing="md">
          {PROFILES.map((name) => (
            <Radio key={name} value={name} label={t(name)} description={t(`${name}Help`)} />
          ))}
        </SimpleGrid>
      </Radio.Group>
    </Paper>
  )
}
