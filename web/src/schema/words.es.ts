import { common } from './es/common'
import { proxies } from './es/proxies'
import { sections } from './es/sections'

/** Label and explanation of each field, by `Definition.field`, or by `field` where all of that name mean the same. */
export const words: Readonly<Record<string, readonly [label: string, help: string]>> = {
  ...common,
  ...proxies,
  ...sections,
}
