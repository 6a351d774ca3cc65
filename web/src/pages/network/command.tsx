import { Code, Group } from '@mantine/core'
import { Copy } from '~/ui/copy'
import classes from './network.module.css'

/** Lines for a terminal or a file, with a button that copies them. */
export function Command({ text, label }: { text: string; label: string }) {
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      <Code block className={classes.command ?? ''} tabIndex={0} aria-label={label}>
        {text}
      </Code>
      <Copy value={text} label={label} />
    </Group>
  )
}
