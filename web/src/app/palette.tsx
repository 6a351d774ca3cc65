// The command palette (Ctrl-K): every page, every object of the document, and what can be done from anywhere. Loaded when it is
// first opened.

import { Combobox, Modal, TextInput, useCombobox } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useRouter } from '@tanstack/react-router'
import {
  type KeyboardEvent,
  memo,
  useCallback,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useState,
} from 'react'
import { useMessages } from '~/i18n'
import { messages as shell } from './messages'
import { useCommands } from './palette/commands'
import { type Entry, find, type Group } from './palette/find'
import { messages } from './palette/messages'
import { useObjects } from './palette/objects'
import classes from './palette.module.css'

export default function Palette({ close }: { close: () => void }) {
  const s = useMessages(shell)
  const list = useCombobox({ onDropdownClose: close })
  return (
    <Modal.Root opened onClose={close} size={600} yOffset={80} transitionProps={{ duration: 0 }}>
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content aria-label={s('shell.search')}>
        <Combobox store={list} size="md">
          <Entries list={list} close={close} />
        </Combobox>
      </Modal.Content>
    </Modal.Root>
  )
}

interface Props {
  list: ReturnType<typeof useCombobox>
  close: () => void
}

/** Gathers what can be found, so that it is not gathered anew with every letter typed. */
function Entries(props: Props) {
  const commands = useCommands()
  const objects = useObjects()
  const entries = useMemo(() => [...commands, ...objects], [commands, objects])
  // Once the list is on the page: only then the input can say that it belongs to it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once.
  useEffect(() => props.list.openDropdown(), [])
  return <Search entries={entries} {...props} />
}

function Search({ entries, list, close }: Props & { entries: readonly Entry[] }) {
  const s = useMessages(shell)
  const router = useRouter()
  const [query, setQuery] = useState('')
  // Typing goes on while what is found is drawn.
  const asked = useDeferredValue(query)
  const groups = useMemo(() => find(entries, asked), [entries, asked])
  const { selectFirstOption, resetSelectedOption } = list
  // With the list itself: Enter may follow at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is found has changed, and with it what comes first.
  useLayoutEffect(() => {
    if (asked === '') resetSelectedOption()
    else selectFirstOption()
  }, [groups, asked])
  const run = useCallback(
    ({ go, act }: Entry) => {
      close()
      if (act) act()
      if (go) void router.navigate(go as never)
    },
    [close, router],
  )
  const hurry = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing || asked === query) return
    // What is on the screen was found for less than what is typed.
    event.preventDefault()
    event.stopPropagation()
    const [entry] = find(entries, query)[0]?.[1] ?? []
    if (entry) run(entry)
  }
  return (
    <>
      <Combobox.EventsTarget withExpandedAttribute>
        <TextInput
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          onKeyDownCapture={hurry}
          placeholder={s('shell.search')}
          aria-label={s('shell.search')}
          leftSection={<IconSearch size={18} aria-hidden />}
          size="lg"
          variant="unstyled"
          data-autofocus
        />
      </Combobox.EventsTarget>
      <Found groups={groups} run={run} />
    </>
  )
}

const Found = memo(function Found({ groups, run }: { groups: [Group, Entry[]][]; run: (entry: Entry) => void }) {
  const t = useMessages(messages)
  const s = useMessages(shell)
  return (
    <Combobox.Options id="found" className={classes.list} aria-label={s('shell.search')}>
      {groups.map(([group, entries]) => (
        <Combobox.Group key={group} label={t(group)}>
          {entries.map((entry) => (
            <Combobox.Option key={entry.key} value={entry.key} onClick={() => run(entry)} className={classes.entry}>
              <span>{entry.label}</span>
              {entry.hint && <span className={classes.hint}>{entry.hint}</span>}
            </Combobox.Option>
          ))}
        </Combobox.Group>
      ))}
      {groups.length === 0 && <Combobox.Empty>{t('nothing')}</Combobox.Empty>}
    </Combobox.Options>
  )
})
