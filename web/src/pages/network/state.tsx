import { useMessages } from '~/i18n'
import { State } from '~/ui/small'
import { stateMessages, stateOf, toneOf } from './health'

/** How a service does, with a dot and in words. */
export function ServiceHealth({ word }: { word: string }) {
  const t = useMessages(stateMessages)
  const state = stateOf(word)
  return <State is={toneOf(state)}>{t(state)}</State>
}
