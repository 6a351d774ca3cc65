// The pages that the routes name; each hands its kind to the list or the editor.

import { Group, Paper, SimpleGrid, Stack, Text, UnstyledButton } from '@mantine/core'
import { Link, useParams } from '@tanstack/react-router'
import { NotFound } from '~/app/failures'
import { listOf } from '~/draft/changes'
import { useDocument } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { Page } from '~/ui/page'
import { Pending } from '~/ui/states'
import { ErrorPages } from '../errors/widget'
import { KindEditor } from './editor'
import { AUTH, DEFAULTS, type Kind, SECTIONS, SECURITY } from './kinds'
import { KindList } from './list'
import { MapEntries } from './map-entries'
import { messages } from './messages'

function useId(): string {
  return useParams({ strict: false }).id ?? ''
}

export function DefaultsPage() {
  return <KindList kind={DEFAULTS} />
}

/** One editor stands for the three fields that say what is answered to errors. */
const ERROR_WIDGETS = { errorFiles: ErrorPages, errorPageContents: () => null, lfFileContents: () => null }

export function DefaultsBlockPage() {
  return <KindEditor kind={DEFAULTS} id={useId()} widgets={ERROR_WIDGETS} />
}

export function SecurityPage() {
  return <KindList kind={SECURITY} />
}

export function SecurityProfilePage() {
  return <KindEditor kind={SECURITY} id={useId()} />
}

export function AuthPage() {
  return <KindList kind={AUTH} />
}

export function AuthProviderPage() {
  return <KindEditor kind={AUTH} id={useId()} />
}

function useKind(): Kind | undefined {
  const slug = useParams({ strict: false }).section
  return SECTIONS.find((kind) => kind.slug === slug)
}

export function SectionPage() {
  const kind = useKind()
  return kind ? <KindList key={kind.slug} kind={kind} /> : <NotFound />
}

const HIDE_ENTRIES = ['entries']

export function SectionEntryPage() {
  const kind = useKind()
  const id = useId()
  if (!kind) return <NotFound />
  if (kind.slug === 'maps') {
    return (
      <KindEditor
        key={id}
        kind={kind}
        id={id}
        hide={HIDE_ENTRIES}
        after={(item) => <MapEntries id={item.id} entries={item.entries} />}
      />
    )
  }
  return (
    <KindEditor
      key={`${kind.slug}/${id}`}
      kind={kind}
      id={id}
      {...(kind.slug === 'http-errors' && { widgets: ERROR_WIDGETS })}
    />
  )
}

/** What there is besides frontends and backends, with a sentence about each. */
export function SectionsPage() {
  const t = useMessages(messages)
  const document = useDocument()
  if (!document) return <Pending />
  return (
    <Page wide title={t('index')} description={t('indexAbout')}>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
        {SECTIONS.map((kind) => {
          const count = listOf(document, kind.section).length
          const Icon = kind.icon
          return (
            <UnstyledButton key={kind.slug} renderRoot={(props) => <Link to={kind.list} {...props} />}>
              <Paper h="100%">
                <Group wrap="nowrap" align="flex-start" gap="sm">
                  <Text c="dimmed" component="div" aria-hidden>
                    <Icon size={22} stroke={1.5} />
                  </Text>
                  <Stack gap={4} miw={0}>
                    <Group gap="xs">
                      <Text fw={600}>{t(kind.title)}</Text>
                      <Text size="sm" c="dimmed">
                        {count === 0 ? t('none') : t('entries', { count })}
                      </Text>
                    </Group>
                    <Text size="sm" c="dimmed">
                      {t(kind.about)}
                    </Text>
                  </Stack>
                </Group>
              </Paper>
            </UnstyledButton>
          )
        })}
      </SimpleGrid>
    </Page>
  )
}
