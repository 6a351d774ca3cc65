// Links between the pages of the edge, and from an entity to where it is edited.

import { Button } from '@mantine/core'
import { IconBraces } from '@tabler/icons-react'
import { Link, useRouter } from '@tanstack/react-router'
import type { MouseEvent, ReactNode } from 'react'
import { pointerOf } from '~/draft/issues'
import { LISTS, type ListSection } from '~/draft/sections'
import { useMessages } from '~/i18n'
import { addressOf } from './addresses'
import classes from './edge.module.css'
import { messages } from './messages'

/** The pointer of an entity for the JSON editor: lists are walked by id, so that the link outlives a change of order. */
export function jsonPointer(section: ListSection, id: string): string {
  return pointerOf([...LISTS[section], id])
}

export function EntityLink({
  section,
  id,
  field,
  children,
}: {
  section: ListSection
  id: string
  /** The pointer of the field to focus. */
  field?: string
  children: ReactNode
}) {
  const router = useRouter()
  const to = addressOf(section, id)
  if (!to) return <span>{children}</span>
  const href = field ? `${to}?field=${encodeURIComponent(field)}` : to
  // A plain link: tables have hundreds of these, and a router's own link for each is felt when they scroll.
  const follow = (event: MouseEvent) => {
    // A click on a link inside a table's row is no click on the row.
    event.stopPropagation()
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    void router.navigate({ to, ...(field && { search: { field } as never }) })
  }
  return (
    <a className={classes.link} href={href} onClick={follow}>
      {children}
    </a>
  )
}

/** The way from a form to the same entity as JSON. */
export function AsJson({ at }: { at: string }) {
  const t = useMessages(messages)
  return (
    <Button
      variant="default"
      leftSection={<IconBraces size={15} />}
      renderRoot={(props) => <Link to={'/edge/json' as string} search={{ at }} {...props} />}
    >
      {t('asJson')}
    </Button>
  )
}
