// What HAProxy reads: as it lies on disk, as the document renders, and what differs between the two.

import { Button, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { IconDownload, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { lazy, Suspense, useDeferredValue, useMemo, useRef, useState } from 'react'
import { queries } from '~/api/queries'
import { useMessages } from '~/i18n'
import { Copy } from '~/ui/copy'
import { Page } from '~/ui/page'
import { save } from '~/ui/save'
import { Loaded, Pending } from '~/ui/states'
import classes from './history.module.css'
import { messages } from './messages'
import { SOURCES, type Source } from './sources'

const SideBySide = lazy(() => import('./side-by-side'))
const here = getRouteApi('/shell/config')

export function RenderedPage() {
  const t = useMessages(messages)
  const { source = 'disk' } = here.useSearch()
  const navigate = here.useNavigate()
  const state = useQuery(queries.state())
  const keepalived = state.data?.document.keepalived.enabled ?? false
  const sources = SOURCES.filter((each) => each !== 'keepalived' || keepalived)
  return (
    <Page
      wide
      title={t('configTitle')}
      description={t('configDescription')}
      actions={
        <SegmentedControl
          aria-label={t('sources')}
          value={source}
          onChange={(next) => void navigate({ search: { source: next as Source }, replace: true })}
          style={{ maxWidth: '100%', overflowX: 'auto' }}
          data={sources.map((each) => ({ value: each, label: t(`source.${each}`) }))}
        />
      }
    >
      {source === 'diff' ? <Difference /> : <Shown source={source} />}
    </Page>
  )
}

function Shown({ source }: { source: 'disk' | 'state' | 'keepalived' }) {
  const query = useQuery(source === 'keepalived' ? queries.keepalived() : queries.rendered(source))
  const name = source === 'keepalived' ? 'keepalived.conf' : 'haproxy.cfg'
  return <Loaded query={query}>{(text) => <Lines text={text} name={name} />}</Loaded>
}

function Difference() {
  const t = useMessages(messages)
  const disk = useQuery(queries.rendered('disk'))
  const state = useQuery(queries.rendered('state'))
  return (
    <Loaded query={disk}>
      {(disk) => (
        <Loaded query={state}>
          {(state) =>
            disk === state ? (
              <Text>{t('same')}</Text>
            ) : (
              <Suspense fallback={<Pending />}>
                <SideBySide before={disk} after={state} label={t('source.diff')} />
              </Suspense>
            )
          }
        </Loaded>
      )}
    </Loaded>
  )
}

/** A long text, line by line; only what is visible is in the page. */
function Lines({ text, name }: { text: string; name: string }) {
  const t = useMessages(messages)
  const [find, setFind] = useState('')
  const wanted = useDeferredValue(find.toLowerCase())
  const lines = useMemo(() => text.split('\n').map((line, i) => ({ line, number: i + 1 })), [text])
  const shown = useMemo(
    () => (wanted === '' ? lines : lines.filter(({ line }) => line.toLowerCase().includes(wanted))),
    [lines, wanted],
  )
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 40,
  })
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <TextInput
          value={find}
          onChange={(event) => setFind(event.currentTarget.value)}
          placeholder={t('find')}
          aria-label={t('find')}
          leftSection={<IconSearch size={15} aria-hidden />}
          style={{ flex: '1 1 200px', maxWidth: 360 }}
        />
        <Text size="xs" c="dimmed" aria-live="polite">
          {t('found', { count: shown.length })}
        </Text>
        <Group gap={4} ml="auto">
          <Copy value={text} />
          <Button
            variant="default"
            leftSection={<IconDownload size={15} />}
            onClick={() => save(name, 'text/plain', text)}
          >
            {t('download')}
          </Button>
        </Group>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard (WCAG 2.1.1). */}
      <section ref={scroller} className={classes.lines} aria-label={t('text')} tabIndex={0}>
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const at = shown[item.index]
            if (!at) return null
            const isSection = at.line !== '' && !/^[\s#]/.test(at.line)
            return (
              <pre key={item.key} className={classes.line} style={{ transform: `translateY(${item.start}px)` }}>
                <span className={classes.number}>{at.number}</span>
                <span {...(isSection && { className: classes.section })}>{at.line}</span>
              </pre>
            )
          })}
        </div>
      </section>
    </Stack>
  )
}
