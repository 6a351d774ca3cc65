// What every test stands on: a daemon of its own, and a page whose errors, policy violations and foreign requests fail the test.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test as base, expect, type Page } from '@playwright/test'
import { Daemon } from './daemon'

export { backend, freePort } from './daemon'
export { expect }

interface Fixtures {
  tls: boolean
  caddy: string
  daemon: Daemon
  /** What went wrong in the page so far; the test fails when it is not empty at its end. */
  troubles: string[]
}

export const test = base.extend<Fixtures>({
  tls: [false, { option: true }],
  caddy: ['/usr/bin/caddy', { option: true }],

  daemon: async ({ tls, caddy }, use, info) => {
    const daemon = await Daemon.start({ tls, caddy })
    await use(daemon)
    if (info.status !== info.expectedStatus) await info.attach('daemon.log', { body: daemon.output })
    await daemon.end()
  },

  // biome-ignore lint/correctness/noEmptyPattern: the form that the test runner asks for.
  troubles: async ({}, use) => {
    const troubles: string[] = []
    await use(troubles)
    expect(troubles).toEqual([])
  },

  page: async ({ page, daemon, troubles }, use) => {
    watch(page, daemon.url, troubles)
    await use(page)
  },
})

/** Notes everything that must not happen in any page. */
export function watch(page: Page, origin: string, troubles: string[]): void {
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    // A refused request is written to the console by the browser itself; which are refused is each test's business.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      troubles.push(`console: ${message.text()}`)
    }
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:'))
      troubles.push(`left the origin: ${url}`)
  })
}

/** Signs in through the page. */
export async function signIn(page: Page, daemon: Daemon, username = 'owner'): Promise<void> {
  if (!daemon.users[username]) await daemon.user(username, username)
  await page.goto(`${daemon.url}/login`)
  await page.getByLabel('User name').fill(username)
  await page.locator('input[type=password]').fill(daemon.users[username] ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible()
}

/** By how many pixels the page is wider than the window, once it has come to rest. */
export async function overflow(page: Page): Promise<number> {
  const measure = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  await expect
    .poll(measure, { timeout: 1_000 })
    .toBeLessThanOrEqual(0)
    .catch(() => {})
  return Math.max(0, await measure())
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  impact: string | null
  nodes: { target: string[]; failureSummary: string }[]
}

/** What axe finds against WCAG 2.2 A and AA in the page as it is. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const run = (
      window as unknown as { axe: { run: (context: unknown, options: unknown) => Promise<{ violations: unknown[] }> } }
    ).axe.run
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    return (await run(document, { runOnly: { type: 'tag', values: tags } })).violations
  })
  return (found as Violation[]).flatMap((violation) =>
    violation.nodes
      .slice(0, 3)
      .map(
        (node) =>
          `${violation.id} (${violation.impact}) ${node.target.join(' ')}: ${node.failureSummary.replace(/\s+/g, ' ').slice(0, 220)}`,
      ),
  )
}
