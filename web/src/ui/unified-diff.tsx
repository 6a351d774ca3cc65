// A unified diff as the daemon writes it, coloured line by line. Only the visible lines are in the page.

import { Box, Group, Text } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef } from 'react'
import { useMessages } from '~/i18n'
import { messages } from './messages'
import classes from './unified-diff.module.css'

function kindOf(line: string): 'added' | 'removed' | 'hunk' | 'same' {
  if (line.startsWith('@@')) return 'hunk'
  if (line.startsWith('+')) return 'added'
  if (line.startsWith('-')) return 'removed'
  return 'same'
}

export function UnifiedDiff({ text, label }: { text: string; label: string }) {
  const t = useMessages(messages)
  const lines = useMemo(() => {
    const all = text.split('\n')
    if (all.at(-1) === '') all.pop()
    return all.filter((line, i) => !(i < 2 && (line.startsWith('---') || line.startsWith('+++'))))
  }, [text])
  const added = lines.filter((line) => kindOf(line) === 'added').length
  const removed = lines.filter((line) => kindOf(line) === 'removed').length
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 19,
    overscan: 30,
  })
  if (lines.length === 0)
    return (
      <Text c="dimmed" size="sm">
        {t('noDifference')}
      </Text>
    )
  return (
    <Box>
      <Group gap="md" mb={6}>
        <Text size="xs" className={classes.plus}>
          {t('linesAdded', { count: added })}
        </Text>
        <Text size="xs" className={classes.minus}>
          {t('linesRemoved', { count: removed })}
        </Text>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard (WCAG 2.1.1). */}
      <section ref={scroller} className={classes.frame} aria-label={label} tabIndex={0}>
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lines[item.index] ?? ''
            return (
              <pre
                key={item.key}
                className={classes.line}
                data-kind={kindOf(line)}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {line || ' '}
              </pre>
            )
          })}
        </div>
      </section>
    </Box>
  )
}
