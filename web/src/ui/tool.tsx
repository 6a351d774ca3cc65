import type { ComponentProps } from 'react'
import classes from './tool.module.css'

/** A small button with nothing but an icon, for the rows of long tables. The component library's own takes several times as long to
 * draw, which is felt when thousands of rows are scrolled. */
export function Tool({ label, ...props }: { label: string } & ComponentProps<'button'>) {
  return <button type="button" title={label} aria-label={label} className={classes.tool} {...props} />
}
