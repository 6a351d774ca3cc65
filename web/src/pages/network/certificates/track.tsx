import { Box } from '@mantine/core'
import classes from '../network.module.css'
import type { CertificateStatus } from './messages'
import { type Axis, barOf, positionOf, ticksOf } from './timeline'

interface Props {
  axis: Axis
  now: number
  end: number
  status: CertificateStatus
  /** The same in words. */
  label: string
}

/** How long a certificate lasts, on the axis that all of them share. */
export function Track({ axis, now, end, status, label }: Props) {
  const { left, width } = barOf(axis, end, now)
  return (
    <div className={classes.track} role="img" aria-label={label} title={label}>
      {ticksOf(axis)
        .slice(1, -1)
        .map((tick) => (
          <Box
            key={tick}
            component="span"
            className={classes.tick ?? ''}
            style={{ left: `${positionOf(axis, tick)}%` }}
          />
        ))}
      <Box
        component="span"
        className={classes.left ?? ''}
        data-status={status}
        style={{ left: `${left}%`, width: `${width}%` }}
      />
      {axis.from < now && (
        <Box component="span" className={classes.now ?? ''} style={{ left: `${positionOf(axis, now)}%` }} />
      )}
    </div>
  )
}
