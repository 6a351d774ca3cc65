// Small parts that many pages use.

import { Badge, type BadgeProps } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { useLanguage, useMessages } from '~/i18n'
import { cssColour, type Health } from './health'
import { messages } from './messages'
import classes from './small.module.css'

/** A name, an address or a directive, as HAProxy writes it. */
export function Mono({ children, title }: { children: string; title?: string }) {
  return (
    <span className="mono" title={title ?? children} style={{ overflowWrap: 'anywhere' }}>
      {children}
    </span>
  )
}

/** Whether an entity of the draft is new or changed. */
export function Mark({ kind }: { kind: 'added' | 'changed' | undefined }) {
  const t = useMessages(messages)
  if (!kind) return null
  return (
    <Badge size="xs" variant="light" color={kind === 'added' ? 'green' : 'yellow'} style={{ flex: 'none' }}>
      {t(kind)}
    </Badge>
  )
}

/** A coloured dot with its meaning in words beside it: colour alone tells nothing to some people. */
export function State({ is, children }: { is: Health; children: string }) {
  return (
    <span className={classes.state}>
      <span className={classes.dot} style={{ background: cssColour(is) }} aria-hidden />
      {children}
    </span>
  )
}

export function Tag({ children, ...props }: BadgeProps & { children: string }) {
  return (
    <Badge size="sm" variant="light" color="gray" tt="none" fw={550} {...props}>
      {children}
    </Badge>
  )
}

// One clock for all relative times of a page.
let now = Date.now()
const ticking = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
function tick(listener: () => void): () => void {
  ticking.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of ticking) each()
  }, 15_000)
  return () => {
    ticking.delete(listener)
    if (ticking.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** "3 minutes ago", with the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const language = useLanguage()
  const current = useSyncExternalStore(tick, () => now)
  const date = new Date(at)
  const seconds = Math.round((date.getTime() - Math.max(current, date.getTime())) / 1000)
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
  const text = new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(
    Math.round(seconds / size),
    unit as Intl.RelativeTimeFormatUnit,
  )
  return (
    <time dateTime={at} title={date.toLocaleString(language)}>
      {text}
    </time>
  )
}
