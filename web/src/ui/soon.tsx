import { type ReactNode, useDeferredValue } from 'react'

/** Draws its content bit by bit, so that a large page never holds up the one that is on the screen. */
export function Soon({ children }: { children: ReactNode }) {
  const isTime = useDeferredValue(true, false)
  return isTime ? children : null
}
