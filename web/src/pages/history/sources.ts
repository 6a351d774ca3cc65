/** Which text the page of the rendered configuration shows. */
export const SOURCES = ['disk', 'state', 'diff', 'keepalived'] as const
export type Source = (typeof SOURCES)[number]
