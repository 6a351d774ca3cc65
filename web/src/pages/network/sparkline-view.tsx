import type { Check } from '~/api/schema'
import { useMessages } from '~/i18n'
import { messages } from './messages'
import classes from './network.module.css'
import { barsOf, summaryOf } from './sparkline'

/** The last checks of a service: how long each took, and which failed. */
export function Sparkline({ checks, wide = false }: { checks: readonly Check[]; wide?: boolean }) {
  const t = useMessages(messages)
  const size = wide ? { width: 480, height: 56, count: 60 } : { width: 96, height: 26, count: 24 }
  const shown = checks.slice(-size.count)
  const { count, failed, fastest, slowest } = summaryOf(shown)
  const label =
    count === 0
      ? t('spark.none')
      : failed === count
        ? t('spark.allFailed', { count })
        : t('spark.some', { count, failed, fastest, slowest })
  const width = size.width / size.count - 1
  return (
    <svg
      role="img"
      aria-label={label}
      className={wide ? classes.sparkWide : classes.spark}
      viewBox={`0 0 ${size.width} ${size.height}`}
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      <line
        x1={0}
        x2={size.width}
        y1={size.height * 0.72 + 0.5}
        y2={size.height * 0.72 + 0.5}
        className={classes.sparkLine}
      />
      {barsOf(shown, size).map((bar) => (
        <rect
          key={bar.x}
          x={bar.x}
          y={bar.y}
          width={width}
          height={bar.height}
          className={bar.ok ? classes.answered : classes.failed}
        />
      ))}
    </svg>
  )
}
