/** A function that works each thing out once. Only for what is never changed in place, such as a document or a frontend; what was
 * found out goes with the thing that it is about. Not for thousands of things: with each, the browser's collector takes longer. */
export function remembered<Of extends object, Found>(find: (of: Of) => Found): (of: Of) => Found {
  const known = new WeakMap<Of, { found: Found }>()
  return (of) => {
    let entry = known.get(of)
    if (!entry) {
      entry = { found: find(of) }
      known.set(of, entry)
    }
    return entry.found
  }
}
