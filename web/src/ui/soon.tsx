import { Children, type ReactNode, startTransition, useDeferredValue, useEffect, useState } from 'react'

/** Draws its content bit by bit, so that a large page never holds up the one that is on the screen. */
export function Soon({ children }: { children: ReactNode }) {
  const isTime = useDeferredValue(true, false)
  return isTime ? children : null
}

/** Counts from 0 to `last`, a step each time the page had the chance to answer. */
export function useSteps(last: number): number {
  const [step, set] = useState(0)
  useEffect(() => {
    if (step < last) startTransition(() => set(step + 1))
  }, [step, last])
  return step
}

/** The value as it was drawn before: a change of it is drawn after everything else, by itself. */
export function useAfterwards<T>(value: T): T {
  const [held, hold] = useState(value)
  useEffect(() => startTransition(() => hold(value)), [value])
  return held
}

/** Puts its children on the page a few at a time: what is drawn bit by bit is still put there at once, and many inputs at once
 * keep the page from answering. */
export function Gradually({ atOnce, children }: { atOnce: number; children: ReactNode }) {
  const all = Children.toArray(children)
  const step = useSteps(Math.ceil(all.length / atOnce) - 1)
  return all.slice(0, atOnce * (step + 1))
}
