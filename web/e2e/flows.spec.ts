// What people do, from the first minute on, each checked on the screen and behind it.

import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { backendOf, company, put } from './document'
import { backend, expect, freePort, signIn, test, watch } from './test'

async function small(
  daemon: { api: (...args: never[]) => unknown } & Parameters<typeof put>[0],
  server: string,
): Promise<number> {
  const port = await freePort()
  const document = company([port, await freePort()], 3)
  document.haproxy.backends = [
    backendOf('web', 'web', [server]),
    backendOf('api', 'api', ['127.0.0.1:9']),
    backendOf('auth', 'auth', ['127.0.0.1:9']),
  ]
  const [frontend] = document.haproxy.frontends
  if (frontend?.rulePhases) frontend.rulePhases.httpRequest = []
  await put(daemon, document)
  return port
}

async function weightOf(daemon: Parameters<typeof put>[0], id: string): Promise<number> {
  const { body } = await daemon.api('GET', '/api/state')
  return body.haproxy.backends.find((each: { id: string }) => each.id === id).servers[0].weight
}

async function setWeight(page: Page, url: string, id: string, weight: number): Promise<void> {
  await page.goto(`${url}/edge/backends/${id}`)
  const cell = page.getByLabel(/^Weight /).first()
  await cell.fill(String(weight))
  await cell.press('Enter')
}

async function review(page: Page): Promise<void> {
  await page.getByTestId('draft-review').click()
  await expect(page.getByRole('heading', { level: 1, name: 'Pending changes' })).toBeVisible()
}

async function apply(page: Page): Promise<void> {
  await expect(page.getByTestId('apply')).toBeEnabled()
  await page.getByTestId('apply').click()
  await expect(page.getByTestId('applied')).toBeVisible({ timeout: 20_000 })
}

test.describe('over TLS', () => {
  test.use({ tls: true })

  test('from the first run to the first request served', async ({ page, daemon }) => {
    const server = await backend('served')
    const token = (await readFile(join(daemon.directory, 'data/setup.token'), 'utf8')).trim()
    const answer = await page.goto(`${daemon.url}/setup-admin?token=${token}`)
    expect(answer?.headers()['content-security-policy']).toContain("script-src 'self';")
    await page.getByLabel('User name').fill('ann')
    await page.locator('input[type=password]').nth(0).fill('correct horse')
    await page.locator('input[type=password]').nth(1).fill('correct horse')
    await page.getByRole('button', { name: 'Create the owner' }).click()

    await expect(page.getByRole('heading', { level: 1, name: 'First steps' })).toBeVisible()
    await page.getByLabel('Name of the backend').fill('shop')
    await page.getByLabel('Servers').fill(server.address)
    await page.getByRole('button', { name: 'Next' }).click()
    const port = await freePort()
    await page.getByLabel('A new one').check()
    await page.getByLabel('Name of the frontend').fill('web')
    await page.getByLabel('Port').fill(String(port))
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('combobox', { name: 'Hostnames' }).fill('shop.example.com')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Next' }).click()
    await expect(page.getByRole('article', { name: /Backend shop/ })).toBeVisible()
    await page.getByRole('button', { name: 'Apply' }).click()
    await expect(page.getByText('It is live. Now see')).toBeVisible({ timeout: 20_000 })
    await page.getByRole('button', { name: 'Send a request' }).click()
    await expect(page.getByTestId('probe')).toContainText('served for shop.example.com')

    const through = await fetch(`http://127.0.0.1:${port}/`, { headers: { host: 'shop.example.com' } }).catch(
      (error) => error,
    )
    // Node's fetch may not set Host; what matters is that HAProxy answers on the port.
    expect(through.status).toBeDefined()
    await server.close()
  })
})

test('a rejected document is mended by following its hint', async ({ page, daemon }) => {
  const server = await backend('ok')
  await small(daemon, server.address)
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/edge/backends/web`)
  await page.getByRole('button', { name: 'Further directives', exact: true }).click()
  await page.getByRole('textbox', { name: /^Further directives/ }).fill('nonsense here')
  await page.keyboard.press('Tab')
  await review(page)
  const refusal = page.getByRole('alert').filter({ hasText: 'HAProxy refuses' })
  await expect(refusal).toContainText('nonsense')
  await expect(page.getByTestId('apply')).toBeDisabled()
  await refusal
    .getByRole('link', { name: /Go to the field/ })
    .first()
    .click()
  await expect(page).toHaveURL(/\/edge\/backends\/web/)
  const field = page.getByRole('textbox', { name: /^Further directives/ })
  // The link opens the folded part that the field is in.
  await expect(field).toBeVisible()
  await field.fill('')
  await page.keyboard.press('Tab')
  await page.getByLabel(/^Retries/).fill('5')
  await page.keyboard.press('Tab')
  await review(page)
  await apply(page)
  const { body } = await daemon.api('GET', '/api/state')
  expect(body.haproxy.backends[0]).toMatchObject({ retries: 5, advancedDirectives: [] })
  await server.close()
})

test('two people edit at once: what does not collide is merged, what does is decided', async ({
  browser,
  page,
  daemon,
  troubles,
}) => {
  const server = await backend('ok')
  await small(daemon, server.address)
  await daemon.user('bob', 'admin')
  await signIn(page, daemon)
  const context = await browser.newContext({ locale: 'en-GB' })
  const other = await context.newPage()
  watch(other, daemon.url, troubles)
  await signIn(other, daemon, 'bob')

  // Both edit; Bob is faster. Ours is carried over by itself, since they are different backends.
  await setWeight(page, daemon.url, 'api', 11)
  await setWeight(other, daemon.url, 'auth', 22)
  await review(other)
  await apply(other)
  await review(page)
  await expect(page.getByText('The live document changed in the meantime')).toBeVisible()
  await apply(page)
  expect([await weightOf(daemon, 'api'), await weightOf(daemon, 'auth')]).toEqual([11, 22])

  // Now the same field. Nobody's work is lost in silence: the page says who, and asks.
  await setWeight(page, daemon.url, 'web', 33)
  await setWeight(other, daemon.url, 'web', 44)
  await review(other)
  await apply(other)
  await review(page)
  const conflict = page.getByRole('alert').filter({ hasText: '1 conflict' })
  await expect(conflict).toContainText('33')
  await expect(conflict).toContainText('44')
  await expect(page.getByTestId('apply')).toBeDisabled()
  expect(await weightOf(daemon, 'web')).toBe(44)
  await conflict.getByRole('button', { name: 'Keep mine' }).click()
  await apply(page)
  expect(await weightOf(daemon, 'web')).toBe(33)
  await context.close()
  await server.close()
})

test('a draft survives a reload of the page and a restart of the daemon', async ({ page, daemon }) => {
  const server = await backend('ok')
  await small(daemon, server.address)
  await signIn(page, daemon)
  await setWeight(page, daemon.url, 'web', 77)
  await expect(page.getByTestId('draft-review')).toHaveText('1 change')
  await page.waitForTimeout(600)
  await page.reload()
  await expect(page.getByLabel(/^Weight /).first()).toHaveValue('77')
  await daemon.stop()
  await expect(page.locator('[data-connection=lost]')).toBeVisible()
  await daemon.serve()
  await expect(page.locator('[data-connection=live]')).toBeVisible({ timeout: 20_000 })
  await page.reload()
  await expect(page.getByLabel(/^Weight /).first()).toHaveValue('77')
  expect(await weightOf(daemon, 'web')).toBe(100)
  await server.close()
})

test('a snapshot is restored through its review', async ({ page, daemon }) => {
  const server = await backend('ok')
  await small(daemon, server.address)
  await daemon.patch({ op: 'replace', path: '/haproxy/backends/0/servers/0/weight', value: 5 })
  const { body } = await daemon.api('GET', '/api/snapshots')
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/snapshots`)
  await page.locator(`a[href="/snapshots/${body.snapshots[1].id}"]`).click()
  await page.getByRole('button', { name: 'Restore' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('article', { name: /Backend web/ })).toContainText('100')
  await dialog.getByRole('button', { name: 'Restore' }).click()
  await expect(dialog.getByText('This document is live again')).toBeVisible({ timeout: 20_000 })
  expect(await weightOf(daemon, 'web')).toBe(100)
  await server.close()
})

test('a token is made, used, and refused once it is revoked', async ({ page, daemon }) => {
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/profile`)
  await page.getByRole('button', { name: 'Create token' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('ci')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  const wire = (await page.getByTestId('wire').textContent()) ?? ''
  expect(wire).toMatch(/^pp_[0-9a-f]{8}\.[0-9a-f]{32}$/)
  const ask = async () =>
    (await fetch(`${daemon.url}/api/state`, { headers: { authorization: `Bearer ${wire}` } })).status
  expect(await ask()).toBe(200)
  await page.getByRole('button', { name: 'I have it' }).click()
  await expect(page.getByText(wire)).toHaveCount(0)
  await page.getByRole('button', { name: 'Revoke ci' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await expect(page.getByRole('button', { name: 'Revoke ci' })).toHaveCount(0)
  expect(await ask()).toBe(401)
})

/** The code of an authenticator (RFC 6238, SHA-1, six digits). */
function totp(secret: string, now = Date.now()): string {
  const bits = [...secret.replace(/=+$/, '')]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)))
  const hash = createHmac('sha1', key).update(counter).digest()
  const at = (hash.at(-1) ?? 0) & 15
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

test('a second factor is set up and asked for', async ({ page, daemon }) => {
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/profile`)
  await page.getByRole('button', { name: 'Set up' }).click()
  await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible()
  const secret = (
    (await page.locator('section', { hasText: 'Second factor' }).locator('.mono').first().textContent()) ?? ''
  ).trim()
  await page.getByLabel('Code that the authenticator shows').fill(totp(secret))
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByText('The second factor is on.')).toBeVisible()

  await page.getByRole('button', { name: /Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByLabel('User name').fill('owner')
  await page.locator('input[type=password]').fill(daemon.users.owner ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  const code = page.getByLabel('Code of your authenticator')
  await expect(code).toBeVisible()
  await code.fill('000000')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  // A code counts once; the next one is of the next half minute.
  await code.fill(totp(secret, Date.now() + 30_000))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { level: 1, name: /profile|Overview/i })).toBeVisible()
})

test('what others do appears by itself', async ({ page, daemon }) => {
  const server = await backend('ok')
  await small(daemon, server.address)
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/edge/backends`)
  await expect(page.getByRole('row').filter({ hasText: 'auth' })).toBeVisible()
  await daemon.patch({
    op: 'add',
    path: '/haproxy/backends/-',
    value: backendOf('fresh', 'fresh-one', ['10.9.9.9:80']),
  })
  await expect(page.getByRole('row').filter({ hasText: 'fresh-one' })).toBeVisible()
  // The stream resumes after the daemon was away.
  await daemon.stop()
  await daemon.serve()
  await expect(page.locator('[data-connection=live]')).toBeVisible({ timeout: 20_000 })
  await daemon.patch({
    op: 'add',
    path: '/haproxy/backends/-',
    value: backendOf('later', 'later-one', ['10.9.9.8:80']),
  })
  await expect(page.getByRole('row').filter({ hasText: 'later-one' })).toBeVisible({ timeout: 15_000 })
  await server.close()
})

test('everything can be done with the keyboard', async ({ page, daemon }) => {
  const server = await backend('ok')
  await small(daemon, server.address)
  await page.goto(`${daemon.url}/login`)
  await expect(page.getByLabel('User name')).toBeFocused()
  await page.keyboard.type('owner')
  await page.keyboard.press('Tab')
  await page.keyboard.type(daemon.users.owner ?? '')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible()
  await page.goto(`${daemon.url}/edge/backends`)
  const row = page.getByRole('row').filter({ hasText: 'web' }).first()
  await row.focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'web' })).toBeVisible()
  const cell = page.getByLabel(/^Weight /).first()
  await cell.focus()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('42')
  await page.keyboard.press('Enter')
  await page.getByTestId('draft-review').focus()
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('apply')).toBeEnabled()
  await page.getByTestId('apply').focus()
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('applied')).toBeVisible({ timeout: 20_000 })
  expect(await weightOf(daemon, 'web')).toBe(42)
  await server.close()
})

test('the JSON editor takes over what was typed, in small parts and in large ones', async ({ page, daemon }) => {
  await put(daemon, company([await freePort(), await freePort()], 1_000))
  await signIn(page, daemon)
  const { body } = await daemon.api('GET', '/api/state')
  const backends: { id: string; name: string; servers: { weight: number }[] }[] = body.haproxy.backends
  const type = async (value: unknown) => {
    await page.locator('.cm-content').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(typeof value === 'string' ? value : JSON.stringify(value))
    await page.getByRole('button', { name: /^Take over/ }).click()
  }
  const weighted = (of: (typeof backends)[number] | undefined, weight: number) => ({
    ...of,
    servers: of?.servers.map((server) => ({ ...server, weight })),
  })
  const [first, second, ...others] = backends
  const rest = others.slice(0, -1)

  await page.goto(`${daemon.url}/edge/json?at=${encodeURIComponent(`/haproxy/backends/${first?.id}`)}`)
  await type(weighted(first, 41))
  await expect(page.getByText('Taken over into the draft.')).toBeVisible()
  await expect(page.getByTestId('draft-review')).toHaveText('1 change')

  await page.waitForTimeout(600)
  // Over 300,000 characters: read beside the page.
  await page.goto(`${daemon.url}/edge/json?at=%2Fhaproxy%2Fbackends`)
  await page.getByRole('button', { name: /^Open all/ }).click()
  await type(
    JSON.stringify([weighted(first, 41), weighted(second, 42), ...rest]).replace('"weight":42', '"weight":42,,'),
  )
  await expect(page.getByRole('alert').filter({ hasText: 'must be mended' })).toBeVisible()
  await expect(page.getByTestId('draft-review')).toHaveText('1 change')
  await type([weighted(first, 41), weighted(second, 42), ...rest])
  await expect(page.getByText('Taken over into the draft.')).toBeVisible()
  await expect(page.getByTestId('draft-review')).toHaveText('3 changes')
  // The editor follows the draft, with the defaults and in its layout.
  await expect(page.locator('.cm-line').nth(1)).toHaveText('  {')

  await page.getByTestId('draft-review').click()
  await expect(page.getByRole('article', { name: `Backend ${second?.name}` })).toContainText('42')
  await expect(page.getByRole('article').filter({ hasText: 'removed' })).toContainText(backends.at(-1)?.name ?? '-')
})

test('thousands of changes are shown a few at a time, and found by name', async ({ page, daemon }) => {
  const document = company([await freePort(), await freePort()], 300)
  await put(daemon, document)
  for (const each of document.haproxy.backends) each.balance = 'leastconn'
  await put(daemon, document)
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/snapshots`)
  await page.locator('a[href^="/snapshots/"]').first().click()
  await expect(page.getByRole('tab', { name: 'Changes · 300' })).toBeVisible()
  await expect(page.getByRole('article')).toHaveCount(50)
  await page.getByRole('button', { name: 'Show 50 more of 300' }).click()
  await expect(page.getByRole('article')).toHaveCount(100)
  const last = document.haproxy.backends.at(-1)?.name ?? '-'
  await page.getByLabel('Filter by name or section').fill(last.toUpperCase())
  await expect(page.getByRole('article')).toHaveCount(1)
  await expect(page.getByRole('article')).toContainText(last)
  await page.getByLabel('Filter by name or section').fill('no such thing')
  await expect(page.getByText('No change matches the filter.')).toBeVisible()
})
