import { Children, type ReactNode, startTransition, useDeferredValue, useEffect, useState } from 'react'

/** Draws its content bit by bit, so that a large page never holds up the one that is on the screen. */
export function Soon({ children }: { children: ReactNode }) {
  const isTime = useDeferredValue(true, false)
  return isTime ? children : null
}

/** Puts its children on the page a few at a time: what is drawn bit by bit is still put there at once, and many inputs at once
 * keep the page from answering. */
export function Gradually({ atOnce, children }: { atOnce: number; children: ReactNode }) {
  const all = Children.toArray(children)
  const [shown, show] = useState(atOnce)
  useEffect(() => {
    if (shown < all.length) startTransition(() => show(shown + atOnce))
  }, [shown, all.length, atOnce])
  return all.slice(0, shown)
}
