// Puts a .br and a .gz beside every file of the build that compresses well, so that the daemon never compresses at run time.
// index.html stays as it is: the daemon writes a nonce into it.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const root = new URL('../dist/', import.meta.url)
const names = await readdir(root, { recursive: true })
const worthIt = names.filter((name) => /\.(js|css|svg|json|map|txt)$/.test(name))
await Promise.all(
  worthIt.map(async (name) => {
    const path = new URL(name, root)
    const bytes = await readFile(path)
    if (bytes.length < 1024) return
    const quality = {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }
    await writeFile(`${path.pathname}.br`, await promisify(brotliCompress)(bytes, quality))
    await writeFile(`${path.pathname}.gz`, await promisify(gzip)(bytes, { level: 9 }))
  }),
)
