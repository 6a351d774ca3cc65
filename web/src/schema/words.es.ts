/** Label and explanation of each field, by `Definition.field`, or by `field` where all of that name mean the same. */
export const words: Readonly<Record<string, readonly [label: string, help: string]>> = {}
