// Fails when what the first page loads is larger than the budget, and names the parts. Works on what `npm run build` left.
import { readFile, stat } from 'node:fs/promises'

/** Bytes of compressed JavaScript that the shell and the overview may have together. */
const BUDGET = 180_000
const ENTRIES = ['index.html', 'src/pages/overview/overview.tsx']

const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(await readFile(new URL('.vite/manifest.json', dist), 'utf8'))

const wanted = new Set()
const add = (key) => {
  const chunk = manifest[key]
  if (!chunk) throw new Error(`the build has no ${key}`)
  if (wanted.has(chunk.file)) return
  wanted.add(chunk.file)
  for (const imported of chunk.imports ?? []) add(imported)
}
for (const entry of ENTRIES) add(entry)

const sizes = await Promise.all(
  // Small files are not compressed by the build; they are sent as they are.
  [...wanted].map(async (file) => [
    file,
    (await stat(new URL(`${file}.gz`, dist)).catch(() => stat(new URL(file, dist)))).size,
  ]),
)
sizes.sort(([, a], [, b]) => b - a)
const total = sizes.reduce((sum, [, size]) => sum + size, 0)
console.log(
  `the first page loads ${total} bytes of compressed JavaScript in ${sizes.length} files; the budget is ${BUDGET}`,
)
if (total > BUDGET) {
  for (const [file, size] of sizes) console.error(`${String(size).padStart(8)}  ${file}`)
  process.exit(1)
}
