// Every page, in both colour schemes and two widths: it loads, passes axe, fits its width, and has a picture for a person to look at.

import { mkdirSync, readFileSync } from 'node:fs'
import type { Daemon } from './daemon'
import { company, put } from './document'
import { PAGES, slug } from './pages'
import { expect, freePort, overflow, signIn, test, violations } from './test'

const PICTURES = '../target/screenshots'
mkdirSync(PICTURES, { recursive: true })

test('the table of pages is the app’s own', () => {
  const source = readFileSync('src/app/routes.tsx', 'utf8')
  const paths = [...source.matchAll(/path: '([^']+)'/g)].map((match) => match[1])
  expect(Object.keys(PAGES).sort()).toEqual(paths.sort())
})

async function fill(daemon: Daemon): Promise<void> {
  await put(daemon, company([await freePort(), await freePort()]))
  await daemon.patch({ op: 'replace', path: '/haproxy/backends/0/servers/0/weight', value: 50 })
  await daemon.patch({ op: 'add', path: '/haproxy/backends/1/retries', value: 2 })
  await daemon.register({ name: 'core', host: '127.0.0.1:9', tags: ['prod'] })
}

async function addressOf(daemon: Daemon, pattern: string): Promise<string> {
  const path = PAGES[pattern] ?? pattern
  if (!path.includes('NEWEST')) return path
  const { body } = await daemon.api('GET', '/api/snapshots')
  return path.replace('NEWEST', body.snapshots[0].id)
}

for (const scheme of ['light', 'dark'] as const) {
  test(`every page in ${scheme}`, async ({ page, daemon }) => {
    test.setTimeout(240_000)
    await page.emulateMedia({ colorScheme: scheme })
    const wrong: string[] = []
    const visit = async (pattern: string) => {
      await page.goto(`${daemon.url}${await addressOf(daemon, pattern)}`)
      await expect(page.locator('h1').first(), pattern).toBeVisible()
      await expect(page.locator('[role=status][aria-label="Loading…"]'), pattern).toHaveCount(0)
      for (const width of [1440, 380]) {
        await page.setViewportSize({ width, height: 900 })
        await page.waitForTimeout(150)
        const over = await overflow(page)
        if (over > 0) wrong.push(`${pattern} at ${width}: ${over} px too wide`)
        await page.screenshot({ path: `${PICTURES}/${slug(pattern)}-${scheme}-${width}.png` })
      }
      await page.setViewportSize({ width: 1280, height: 800 })
      for (const violation of await violations(page)) wrong.push(`${pattern}: ${violation}`)
    }
    await visit('/setup-admin')
    await fill(daemon)
    await visit('/login')
    await signIn(page, daemon)
    for (const pattern of Object.keys(PAGES)) if (!['/setup-admin', '/login'].includes(pattern)) await visit(pattern)
    expect(wrong).toEqual([])
  })
}

test('a page in Spanish has no English left', async ({ page, daemon }) => {
  test.setTimeout(120_000)
  await fill(daemon)
  await signIn(page, daemon)
  const texts = async () => {
    const all: Record<string, string[]> = {}
    for (const pattern of Object.keys(PAGES)) {
      if (['/setup-admin', '/login', '/edge/json', '/config', '/settings/reference'].includes(pattern)) continue
      await page.goto(`${daemon.url}${await addressOf(daemon, pattern)}`)
      await expect(page.locator('h1').first(), pattern).toBeVisible()
      await page.waitForTimeout(250)
      all[pattern] = await page.evaluate(() => {
        const found: string[] = []
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const parent = node.parentElement
          if (!parent || parent.closest('script, style, .mono, code, pre, noscript, [data-mono=true], [lang]')) continue
          const text = node.textContent?.trim() ?? ''
          // Sentences and phrases; single words may be the same in both, and names are.
          if (/[a-z]{3,} [a-z]{2,}/i.test(text)) found.push(text)
        }
        return found
      })
    }
    return all
  }
  const english = await texts()
  await page.getByRole('button', { name: /Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Español' }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', 'es')
  const spanish = await texts()
  const left = Object.entries(spanish).flatMap(([pattern, texts]) => {
    const before = new Set(english[pattern])
    return texts.filter((text) => before.has(text)).map((text) => `${pattern}: ${text}`)
  })
  const OURS =
    /Requests for|Where everybody arrives|Admin from inside|Limit per client|example\.com|Mozilla|closed$|removed$|written$/
  expect(left.filter((text) => !OURS.test(text))).toEqual([])
})
