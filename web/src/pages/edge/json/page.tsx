// The document as text. What is edited is a part of the draft: the whole, a section or one entry; large documents are opened
// by part, because nobody reads two megabytes at once.

import { Button, Group, Select } from '@mantine/core'
import { IconBraces } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { queries } from '~/api/queries'
import type { Document } from '~/api/schema'
import { listOf } from '~/draft/changes'
import { useDocumentSoon } from '~/draft/hooks'
import { pointerOf } from '~/draft/issues'
import { LIST_SECTIONS, LISTS, SINGLES } from '~/draft/sections'
import { useMessages } from '~/i18n'
import { loadSpanish } from '~/schema/labels'
import type { Definitions } from '~/schema/schema'
import { Page } from '~/ui/page'
import { Soon } from '~/ui/soon'
import { Empty, Loaded, Pending } from '~/ui/states'
import { Editing } from './editing'
import { messages } from './messages'
import { OBJECTS, partOf, pointerTo, type Scope, scopeOf, sizeOf } from './scope'

const here = getRouteApi('/shell/edge/json')

export interface JsonSearch {
  /** The pointer (RFC 6901) of what is edited, or of a place in it. */
  at?: string
  /** Whether a large part is opened whole. */
  all?: boolean
}

/** Stands for the whole document in the address and in the selection. */
const WHOLE = '/'
/** More entries than this are not opened at once unless somebody asks. */
const MANY = 200

export function JsonPage() {
  const t = useMessages(messages)
  const document = useDocumentSoon()
  const schema = useQuery(queries.schema())
  // Explanations in Spanish come from the catalogue of the forms.
  const words = useQuery({ queryKey: ['schema-words'], queryFn: loadSpanish, staleTime: Number.POSITIVE_INFINITY })
  if (!document || words.isPending) return <Pending />
  return (
    <Page wide title={t('title')} description={t('about')}>
      <Loaded query={schema}>{({ $defs }) => <Chosen document={document} defs={$defs as Definitions} />}</Loaded>
    </Page>
  )
}

function Chosen({ document, defs }: { document: Document; defs: Definitions }) {
  const t = useMessages(messages)
  const search: JsonSearch = here.useSearch()
  const navigate = here.useNavigate()
  const { scope, rest } = useMemo(() => scopeOf(document, search.at ?? WHOLE), [document, search.at])
  const count = scope.kind === 'document' ? sizeOf(document) : scope.kind === 'list' ? sizeOfList(document, scope) : 0
  const go = (at: string, all = false) => void navigate({ search: { at, ...(all && { all }) } })
  const mustChoose = count > MANY && !search.all
  return (
    <>
      <Picker document={document} scope={scope} go={go} />
      {mustChoose ? (
        <Empty
          icon={<IconBraces size={32} stroke={1.4} />}
          title={t('chooseEntry')}
          action={
            <Button variant="default" onClick={() => go(pointerTo(scope) || WHOLE, true)}>
              {t('openAll')}
            </Button>
          }
        >
          {t('chooseText', { count })}
        </Empty>
      ) : partOf(document, scope) === undefined ? (
        <Empty title={t('gone')}>{t('goneText')}</Empty>
      ) : (
        <Soon key={pointerTo(scope)}>
          <Editing document={document} defs={defs} scope={scope} rest={rest} go={go} />
        </Soon>
      )}
    </>
  )
}

function sizeOfList(document: Document, scope: Scope & { kind: 'list' }): number {
  return listOf(document, scope.section).length
}

function Picker({ document, scope, go }: { document: Document; scope: Scope; go: (at: string) => void }) {
  const t = useMessages(messages)
  const section =
    scope.kind === 'list' || scope.kind === 'entity' ? pointerOf(LISTS[scope.section]) : pointerTo(scope) || WHOLE
  const sections = useMemo(
    () => [
      { value: WHOLE, label: t('wholeDocument') },
      ...LIST_SECTIONS.map((each) => ({ value: pointerOf(LISTS[each]), label: t(`section.${each}`) })),
      ...OBJECTS.map((each) => ({ value: pointerOf(SINGLES[each]), label: t(`section.${each}`) })),
    ],
    [t],
  )
  const list = scope.kind === 'list' || scope.kind === 'entity' ? listOf(document, scope.section) : undefined
  const entries = useMemo(
    () =>
      list && [
        { value: '', label: t('allEntries', { count: list.length }) },
        ...list.map((entity) => ({ value: entity.id, label: labelOf(entity) })),
      ],
    [list, t],
  )
  return (
    <Group gap="sm" align="flex-end">
      <Select
        label={t('section')}
        data={sections}
        value={section}
        onChange={(at) => go(at ?? WHOLE)}
        allowDeselect={false}
        searchable
        w={{ base: '100%', xs: 280 }}
        maxDropdownHeight={420}
      />
      {entries && (
        <Select
          label={t('entry')}
          data={entries}
          value={scope.kind === 'entity' ? scope.id : ''}
          onChange={(id) => go(id ? `${section}${pointerOf([id])}` : section)}
          allowDeselect={false}
          searchable
          limit={100}
          w={{ base: '100%', xs: 320 }}
        />
      )}
    </Group>
  )
}

function labelOf(entity: { id: string; name?: string; label?: string }): string {
  const name = entity.name ?? entity.label
  return name && name !== entity.id ? `${name} (${entity.id})` : entity.id
}
