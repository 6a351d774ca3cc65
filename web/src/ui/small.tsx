// Small parts that many pages use.

import { ActionIcon, Badge, type BadgeProps, Box, CopyButton, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useSyncExternalStore } from 'react'
import { useLanguage, useMessages } from '~/i18n'
import { messages } from './messages'

/** A name, an address or a directive, as HAProxy writes it. */
export function Mono({ children, title }: { children: string; title?: string }) {
  return (
    <span className="mono" title={title ?? children} style={{ overflowWrap: 'anywhere' }}>
      {children}
    </span>
  )
}

export function Copy({ value, label }: { value: string; label?: string }) {
  const t = useMessages(messages)
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('copied') : (label ?? t('copy'))}>
          <ActionIcon variant="subtle" color={copied ? 'green' : 'gray'} onClick={copy} aria-label={label ?? t('copy')}>
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
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

const STATES = {
  good: 'green.7',
  look: 'yellow.6',
  act: 'red.7',
  idle: 'gray.5',
} as const

/** A coloured dot with its meaning in words beside it: colour alone tells nothing to some people. */
export function State({ is, children }: { is: keyof typeof STATES; children: string }) {
  return (
    <Box component="span" style={{ display: 'inline-flex', alignItems: 'center', gap: 7 }}>
      <Box component="span" w={8} h={8} bg={STATES[is]} style={{ borderRadius: '50%', flex: 'none' }} aria-hidden />
      {children}
    </Box>
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
