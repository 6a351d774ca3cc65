// The command palette (Ctrl-K): every page, every object of the document, and what can be done from anywhere. Loaded when it is
// first opened.

import '@mantine/spotlight/styles.css'
import { createSpotlight, Spotlight } from '@mantine/spotlight'
import { IconSearch } from '@tabler/icons-react'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { useMessages } from '~/i18n'
import { messages as shell } from './messages'
import { useCommands } from './palette/commands'
import { type Entry, find } from './palette/find'
import { messages } from './palette/messages'
import { useObjects } from './palette/objects'

const [store, spotlight] = createSpotlight()

export default function Palette({ close }: { close: () => void }) {
  const t = useMessages(messages)
  const s = useMessages(shell)
  const router = useRouter()
  const [query, setQuery] = useState('')
  const commands = useCommands()
  const objects = useObjects()
  const groups = useMemo(() => find([...commands, ...objects], query), [commands, objects, query])
  useEffect(spotlight.open, [])
  // The library marks the first entry when something is typed; what is found later, or leaves the list, leaves none marked.
  useEffect(() => {
    const list = document.getElementById(store.getState().listId)
    if (query === '' || groups.length === 0 || list?.querySelector('[data-selected]')) return
    list?.querySelector('[data-action]')?.setAttribute('data-selected', 'true')
    store.updateState((state) => ({ ...state, selected: 0 }))
  }, [groups, query])
  const run = ({ go, act }: Entry) => {
    if (act) act()
    if (go) void router.navigate(go as never)
  }
  return (
    <Spotlight.Root
      store={store}
      shortcut={null}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={close}
      scrollable
      maxHeight={460}
      transitionProps={{ duration: 0 }}
      title={s('shell.search')}
    >
      <Spotlight.Search
        placeholder={s('shell.search')}
        aria-label={s('shell.search')}
        leftSection={<IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {groups.map(([group, entries]) => (
          <Spotlight.ActionsGroup key={group} label={t(group)}>
            {entries.map((entry) => (
              <Spotlight.Action
                key={entry.key}
                label={entry.label}
                {...(entry.hint && { description: entry.hint })}
                onClick={() => run(entry)}
              />
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {groups.length === 0 && <Spotlight.Empty>{t('nothing')}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  )
}
