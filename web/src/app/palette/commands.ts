// Pages and actions, as entries of the command palette.

import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useMemo } from 'react'
import { useChanges, useDraft } from '~/draft/hooks'
import { draft } from '~/draft/store'
import { LANGUAGES, useLanguage, useMessages } from '~/i18n'
import { useSetLanguage } from '../app'
import { messages as shell } from '../messages'
import { useNavEntries } from '../navigation'
import { useMay, useSignOut } from '../session'
import type { Entry } from './find'
import { messages } from './messages'

const CREATE = [
  ['create.backend', '/edge/backends', { new: true }],
  ['create.frontend', '/edge/frontends', { new: true }],
  ['create.route', '/edge/routes', { edit: 'new' }],
  ['create.acl', '/edge/acls', { new: true }],
] as const

export function useCommands(): Entry[] {
  const t = useMessages(messages)
  const s = useMessages(shell)
  const pages = useNavEntries()
  const may = useMay('edge:state:write')
  const mayMesh = useMay('mesh:write')
  const language = useLanguage()
  const setLanguage = useSetLanguage()
  const { setColorScheme } = useMantineColorScheme()
  const dark = useComputedColorScheme('light') === 'dark'
  const signOut = useSignOut()
  const { canUndo, canRedo } = useDraft()
  const changes = useChanges()
  const count = changes.changes.length + changes.orders.length
  return useMemo(() => {
    const entries: Entry[] = pages.map(({ path, label, area }) => ({
      key: path,
      group: 'pages',
      label: s(label),
      hint: s(`area.${area}`),
      go: { to: path },
    }))
    entries.push({ key: '/profile', group: 'pages', label: s('nav.profile'), go: { to: '/profile' } })
    if (may) {
      entries.push({ key: '/welcome', group: 'pages', label: s('nav.wizard'), go: { to: '/welcome' } })
      for (const [key, to, search] of CREATE) {
        entries.push({ key, group: 'create', label: t(key), go: { to, search } })
      }
    }
    if (mayMesh) {
      const go = { to: '/network/services', search: { new: true } }
      entries.push({ key: 'create.service', group: 'create', label: t('create.service'), go })
    }
    const act = (key: string, label: string, act: () => void) => entries.push({ key, group: 'actions', label, act })
    if (count > 0) {
      const hint = s('shell.changes', { count })
      entries.push({ key: 'review', group: 'actions', label: t('review'), hint, go: { to: '/changes' } })
    }
    if (canUndo) act('undo', s('shell.undo'), () => draft.undo())
    if (canRedo) act('redo', s('shell.redo'), () => draft.redo())
    act('theme', s(dark ? 'shell.light' : 'shell.dark'), () => setColorScheme(dark ? 'light' : 'dark'))
    for (const other of LANGUAGES) {
      if (other === language) continue
      const label = t('language', { language: s(`language.${other}`) })
      act(`language.${other}`, label, () => setLanguage(other))
    }
    act('signOut', s('shell.signOut'), signOut)
    return entries
  }, [t, s, pages, may, mayMesh, count, canUndo, canRedo, dark, setColorScheme, language, setLanguage, signOut])
}
