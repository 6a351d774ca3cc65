import { Stack, Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { Backend } from '~/api/schema'
import { useMay } from '~/app/session'
import { setField, useDocument } from '~/draft/hooks'
import { useIssuesOf } from '~/draft/issues'
import type { Json, Path } from '~/draft/json'
import { usesById } from '~/draft/uses'
import { useMessages } from '~/i18n'
import type { Layout } from '~/schema/schema-form'
import { EntityPage, type Item } from '../entity'
import { messages as shared } from '../messages'
import { Part } from '../part'
import { References } from '../references'
import { messages } from './messages'
import { Servers } from './servers'

const here = getRouteApi('/shell/edge/backends/$id')

export function BackendPage() {
  const t = useMessages(messages)
  const { id } = here.useParams()
  const { field } = here.useSearch()
  return (
    <EntityPage
      key={id}
      section="backends"
      id={id}
      def="Backend"
      list="/edge/backends"
      listTitle={t('title')}
      layout={{}}
      focus={field}
      about={(item) => <UsedBy id={item.id} />}
      form={(item) => <Form item={item} focus={field} />}
    />
  )
}

function Form({ item, focus }: { item: Item; focus: string | undefined }) {
  const t = useMessages(messages)
  const backend = item as unknown as Backend
  const may = useMay('edge:state:write')
  const mayDirect = useMay('edge:directives')
  const issues = useIssuesOf('backends', item.id)
  const change = useCallback((path: Path, value: Json) => setField('backends', item.id, path, value), [item.id])
  const layout = useMemo<Layout>(
    () => ({
      hide: ['id', 'servers', ...(mayDirect || backend.advancedDirectives.length > 0 ? [] : ['advancedDirectives'])],
      groups: [
        {
          title: t('group.balance'),
          fields: ['name', 'mode', 'balance', 'fromDefaults', 'retries', 'httpReuse', 'forwardFor'],
        },
        { title: t('group.persistence'), fields: ['stickTable'], folded: true },
        { title: t('group.timeouts'), fields: ['timeouts'], folded: true },
        { title: t('group.options'), fields: ['options'], folded: true },
        { title: t('group.directives'), fields: ['advancedDirectives'], folded: true },
      ],
    }),
    [t, mayDirect, backend.advancedDirectives.length],
  )
  return (
    <Stack gap="md">
      <Servers backend={backend} change={change} issues={issues} focus={focus} readOnly={!may} />
      <Part def="Backend" value={item} change={change} layout={layout} issues={issues} focus={focus} readOnly={!may} />
    </Stack>
  )
}

function UsedBy({ id }: { id: string }) {
  const s = useMessages(shared)
  const document = useDocument()
  const uses = useMemo(() => (document ? usesById(document, 'backends')?.get(id) : undefined), [document, id])
  if (!uses || uses.length === 0) {
    return (
      <Text size="sm" c="dimmed" span>
        {s('unused')}
      </Text>
    )
  }
  return (
    <Text size="sm" span component="span">
      {s('usedBy')} <References uses={uses} most={4} />
    </Text>
  )
}
