import { useDebouncedCallback } from '@mantine/hooks'
import { type ChangeEvent, useState } from 'react'

/** Milliseconds without a key after which typing has stopped. */
const STOPPED = 300

/** A text that is kept in the address. It counts as it is typed and goes into the address when the typing stops: every link of
 * a page looks at each new address. `input` is for the field. */
export function useAddressText(inAddress: string, put: (text: string) => void) {
  const [{ text, sent, seen }, set] = useState({ text: inAddress, sent: inAddress, seen: inAddress })
  const settle = useDebouncedCallback((text: string) => {
    set((now) => ({ ...now, sent: text }))
    put(text)
  }, STOPPED)
  // Going back, or a link, brings another text; what was typed since ours went there stays.
  if (inAddress !== seen) {
    set((now) => ({ ...now, seen: inAddress, ...(inAddress !== sent && { text: inAddress, sent: inAddress }) }))
  }
  const type = (next: string) => {
    set((now) => ({ ...now, text: next }))
    settle(next)
  }
  const input = {
    value: text,
    onChange: (event: ChangeEvent<HTMLInputElement>) => type(event.currentTarget.value),
    // Before a click on a link leaves the page.
    onBlur: () => settle.flush(),
  }
  return { text, type, input }
}
