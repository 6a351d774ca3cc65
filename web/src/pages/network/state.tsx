import { useMessages } from '~/i18n'
import { State } from '~/ui/small'
import { stateMessages, stateOf, toneOf } from './health'
import { messages } from './messages'

/** How a service does, with a dot and in words. */
export function ServiceHealth({ word }: { word: string }) {
  const t = useMessages(stateMessages)
  const state = stateOf(word)
  return <State is={toneOf(state)}>{t(state)}</State>
}

/** How long an answer took; answers are timed in whole milliseconds. */
export function Took({ ms }: { ms: number | null | undefined }) {
  const t = useMessages(messages)
  if (typeof ms !== 'number') return '–'
  return ms === 0 ? t('lessThanMs') : t('ms', { count: ms })
}
