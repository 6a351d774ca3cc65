// The design language in one place: colours, type, density. Pages take sizes and colours from here and never write their own.
//
// * One accent (`sea`), grey for structure, and four colours that always mean the same: green good, yellow look, red act, blue new.
// * Names, addresses and directives are monospaced wherever they appear.
// * Compact: an operator wants forty rows on a screen, not fifteen.

import { createTheme, type MantineColorsTuple } from '@mantine/core'

const sea: MantineColorsTuple = [
  '#e6f8fa',
  '#cfeef2',
  '#a0dde6',
  '#6ccbd9',
  '#44bccf',
  '#2ab2c8',
  '#0b8298',
  '#0b7285',
  '#075a69',
  '#043e49',
]

/** A dialog keeps the page behind it from scrolling without taking its scrollbar away: that changes what the whole page inherits,
 * and the browser would find out the style of every element anew, which takes half a frame behind a long table. */
const held = { defaultProps: { removeScrollProps: { removeScrollBar: false } } }

export const theme = createTheme({
  primaryColor: 'sea',
  colors: { sea },
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, monospace',
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.375rem' }, h2: { fontSize: '1.0625rem' }, h3: { fontSize: '0.9375rem' } },
  },
  // Named, not imported: what a page does not use must not be loaded with the first one.
  components: {
    // The title in the colour of text: the light variant's own is too pale on its ground (WCAG 1.4.3).
    Alert: { defaultProps: { variant: 'light' }, styles: { title: { color: 'var(--mantine-color-text)' } } },
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm' } },
    // A list that is put on the page before it is opened is also placed there, and for each the browser lays the whole page out.
    Combobox: { defaultProps: { keepMounted: false } },
    // None has proposals; an empty list of them would be placed all the same.
    TagsInput: { defaultProps: { openOnFocus: false } },
    Paper: { defaultProps: { withBorder: true, p: 'md' } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm' } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45 } } },
    ModalRoot: held,
    DrawerRoot: held,
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true, events: { hover: true, focus: true, touch: true } } },
  },
})
