// The frame of every page that edits one entity of a list: what it is, where it is used, its form, and the few things that can
// be done with the whole. All of it goes into the draft.

import { Anchor, Button, Group, Stack, Text } from '@mantine/core'
import { IconChevronLeft, IconCopy, IconTrash } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useCallback } from 'react'
import { useMay } from '~/app/session'
import { freshId, putEntity, removeEntity, setField, useDocument, useEntity, useMarks } from '~/draft/hooks'
import { useIssuesOf } from '~/draft/issues'
import type { Json, Path } from '~/draft/json'
import type { EntityOf, ListSection } from '~/draft/sections'
import { useMessages } from '~/i18n'
import type { Layout } from '~/schema/schema-form'
import { Page } from '~/ui/page'
import { Mark, Mono } from '~/ui/small'
import { Empty, Pending } from '~/ui/states'
import { AsJson, jsonPointer } from './links'
import { messages } from './messages'
import { Part } from './part'

/** An entity of any list, for pages that one table drives. */
export type Item = { id: string } & Record<string, Json>

export interface EntityPageProps {
  section: ListSection
  id: string
  def: string
  /** The address of the list. */
  list: string
  listTitle: string
  layout: Layout
  focus: string | undefined
  /** What the entity is called; its name by default. */
  nameOf?: (item: Item) => string
  /** Beside the identifier, in one line. */
  about?: (item: Item) => ReactNode
  /** Between the head and the form. */
  before?: (item: Item) => ReactNode
  /** After the form. */
  after?: (item: Item) => ReactNode
  /** In place of the form. */
  form?: (item: Item) => ReactNode
  /** What else there is to do, before the common actions. */
  actions?: (item: Item) => ReactNode
}

export function EntityPage(props: EntityPageProps) {
  const document = useDocument()
  const item = useEntity(props.section, props.id) as Item | undefined
  if (!document) return <Pending />
  if (!item) return <Gone {...props} />
  return <Loaded {...props} item={item} />
}

function Gone({ list, listTitle }: EntityPageProps) {
  const t = useMessages(messages)
  return (
    <Page title={listTitle}>
      <Empty
        title={t('gone')}
        action={
          <Button variant="default" renderRoot={(props) => <Link to={list} {...props} />}>
            {t('back')}
          </Button>
        }
      >
        {t('goneText')}
      </Empty>
    </Page>
  )
}

function nameIn(item: Item): string {
  return typeof item.name === 'string' ? item.name : typeof item.label === 'string' ? item.label : item.id
}

function Loaded({ item, ...props }: EntityPageProps & { item: Item }) {
  const { section, id, def, list, listTitle, layout, focus, about, before, after, form, nameOf = nameIn } = props
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const mark = useMarks(section).get(id)
  const issues = useIssuesOf(section, id)
  const change = useCallback((path: Path, value: Json) => setField(section, id, path, value), [section, id])
  const name = nameOf(item)
  return (
    <Page
      title={name.length > 120 ? `${name.slice(0, 120)}…` : name}
      description={
        <Stack gap={2}>
          <Anchor size="sm" renderRoot={(props) => <Link to={list} {...props} />}>
            <Group gap={2} component="span" display="inline-flex">
              <IconChevronLeft size={14} aria-hidden />
              {listTitle}
            </Group>
          </Anchor>
          <Group gap="xs">
            {id !== name && (
              <Text size="sm" c="dimmed" span>
                <Mono title={t('identifier')}>{id}</Mono>
              </Text>
            )}
            {about?.(item)}
            <Mark kind={mark} />
          </Group>
        </Stack>
      }
      actions={
        <>
          {props.actions?.(item)}
          <AsJson at={jsonPointer(section, id)} />
          {may && <Common section={section} item={item} list={list} />}
        </>
      }
    >
      {before?.(item)}
      {form ? (
        form(item)
      ) : (
        <Part def={def} value={item} change={change} layout={layout} issues={issues} focus={focus} readOnly={!may} />
      )}
      {after?.(item)}
    </Page>
  )
}

function Common({ section, item, list }: { section: ListSection; item: Item; list: string }) {
  const t = useMessages(messages)
  const navigate = useNavigate()
  const duplicate = () => {
    const id = freshId(section, item.id)
    const named = typeof item.name === 'string' ? { name: id } : {}
    putEntity(section, { ...item, ...named, id } as unknown as EntityOf<typeof section>)
    void navigate({ to: `${list}/${id}` })
  }
  const remove = () => {
    removeEntity(section, item.id)
    void navigate({ to: list })
  }
  return (
    <>
      <Button variant="default" leftSection={<IconCopy size={15} />} onClick={duplicate}>
        {t('duplicate')}
      </Button>
      <Button variant="light" color="red" leftSection={<IconTrash size={15} />} onClick={remove}>
        {t('remove')}
      </Button>
    </>
  )
}
