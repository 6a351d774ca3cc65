// The command palette (Ctrl-K). Loaded when it is first opened.

import { Spotlight } from '@mantine/spotlight'
import '@mantine/spotlight/styles.css'

export default function Palette({ close }: { close: () => void }) {
  return <Spotlight actions={[]} forceOpened onSpotlightClose={close} shortcut={null} />
}
