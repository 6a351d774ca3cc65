import { Button, Group, Select } from '@mantine/core'
import { IconArrowUpRight, IconWorldOff } from '@tabler/icons-react'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useDocument } from '~/draft/hooks'
import { useMessages } from '~/i18n'
import { Page } from '~/ui/page'
import { Empty, Pending } from '~/ui/states'
import { addressOf } from '../addresses'
import { ErrorPagesEditor, type Holder } from './editor'
import { messages } from './messages'

const here = getRouteApi('/shell/edge/error-pages')

export interface ErrorPagesSearch {
  /** `defaultsBlocks/<id>` or `httpErrorsSections/<id>`. */
  of?: string
}

export function ErrorPagesPage() {
  const t = useMessages(messages)
  const document = useDocument()
  const search: ErrorPagesSearch = here.useSearch()
  const navigate = here.useNavigate()
  if (!document) return <Pending />
  const options = (section: Holder, list: readonly { id: string; name: string }[]) =>
    list.map(({ id, name }) => ({ value: `${section}/${id}`, label: name }))
  const blocks = options('defaultsBlocks', document.haproxy.defaultsBlocks)
  const sets = options('httpErrorsSections', document.haproxy.httpErrorsSections)
  const chosen = [...blocks, ...sets].find(({ value }) => value === search.of) ?? blocks[0] ?? sets[0]
  if (!chosen) {
    return (
      <Page title={t('title')} description={t('about')}>
        <Empty icon={<IconWorldOff size={32} stroke={1.4} />} title={t('empty')}>
          {t('emptyText')}
        </Empty>
      </Page>
    )
  }
  const [section, id] = chosen.value.split('/') as [Holder, string]
  return (
    <Page wide title={t('title')} description={t('about')}>
      <Group align="flex-end" gap="xs">
        <Select
          label={t('of')}
          data={[
            ...(blocks.length > 0 ? [{ group: t('blocks'), items: blocks }] : []),
            ...(sets.length > 0 ? [{ group: t('sets'), items: sets }] : []),
          ]}
          value={chosen.value}
          onChange={(of) => void navigate({ search: of ? { of } : {} })}
          allowDeselect={false}
          w={{ base: '100%', xs: 320 }}
        />
        <Button
          variant="default"
          size="sm"
          leftSection={<IconArrowUpRight size={15} />}
          renderRoot={(props) => <Link to={addressOf(section, id) ?? ''} {...props} />}
        >
          {t('open', { name: chosen.label })}
        </Button>
      </Group>
      <ErrorPagesEditor key={chosen.value} section={section} id={id} />
    </Page>
  )
}
