/** Over how many hours the history of a service is shown. */
export const SPANS = [24, 168] as const
export type Span = (typeof SPANS)[number]
