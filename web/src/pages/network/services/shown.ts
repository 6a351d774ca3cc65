/** Which services the list shows; without one of these, all that are registered. */
export const SHOWN = ['up', 'degraded', 'down', 'unknown', 'removed'] as const
export type Shown = (typeof SHOWN)[number]
