// Small pure helpers on JSON values. Documents are never changed in place: what an edit leaves alone stays the same object,
// so comparing two documents of ten thousand backends is comparing pointers.

export type Json = unknown
export type Path = readonly (string | number)[]

export function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function equal(a: Json, b: Json): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]))
}

export function getIn(value: Json, path: Path): Json {
  let at = value
  for (const step of path) {
    if (Array.isArray(at)) at = at[Number(step)]
    else if (isObject(at)) at = at[step]
    else return undefined
  }
  return at
}

/** A copy in which `path` holds `next`; `undefined` removes a key. What is missing on the way is made. */
export function setIn<T>(value: T, path: Path, next: Json): T {
  const [step, ...rest] = path
  if (step === undefined) return next as T
  if (Array.isArray(value)) {
    const copy: Json[] = [...value]
    const index = Number(step)
    if (rest.length === 0 && next === undefined) copy.splice(index, 1)
    else copy[index] = setIn(copy[index], rest, next)
    return copy as T
  }
  if (typeof step === 'number' && value === undefined) return [setIn(undefined, rest, next)] as T
  const copy: Record<string, Json> = isObject(value) ? { ...value } : {}
  if (rest.length === 0 && next === undefined) delete copy[step]
  else copy[step] = setIn(copy[step], rest, next)
  return copy as T
}
