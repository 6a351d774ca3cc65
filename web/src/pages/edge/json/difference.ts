// What two texts differ in, as one change. Pure.

/** Characters. Strings of this length are compared at once, which is many times faster than one by one. */
const BLOCK = 4_096

/** The change that makes one text the other: what stands between their common beginning and their common end. */
export function differenceOf(was: string, is: string): { from: number; to: number; insert: string } {
  const most = Math.min(was.length, is.length)
  let from = 0
  while (from + BLOCK <= most && was.slice(from, from + BLOCK) === is.slice(from, from + BLOCK)) from += BLOCK
  while (from < most && was[from] === is[from]) from++
  let [to, end] = [was.length, is.length]
  const room = (size: number) => to - from >= size && end - from >= size
  while (room(BLOCK) && was.slice(to - BLOCK, to) === is.slice(end - BLOCK, end)) [to, end] = [to - BLOCK, end - BLOCK]
  while (room(1) && was[to - 1] === is[end - 1]) [to, end] = [to - 1, end - 1]
  return { from, to, insert: is.slice(from, end) }
}
