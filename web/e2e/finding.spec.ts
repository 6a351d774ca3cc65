// Finding one's way: the command palette and the graph.

import { company, put } from './document'
import { expect, freePort, signIn, test, violations } from './test'

test('the palette leads to pages, objects and actions, by the keyboard alone', async ({ page, daemon }) => {
  await put(daemon, company([await freePort(), await freePort()]))
  await signIn(page, daemon)
  await page.keyboard.press('Control+K')
  const search = page.getByRole('combobox', { name: 'Search or jump to…' })
  await expect(search).toBeFocused()
  expect(await violations(page)).toEqual([])
  await search.fill('audit')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible()

  // A server by its address leads to its backend.
  await page.keyboard.press('Control+K')
  await search.fill('10.0.7.2')
  await expect(page.getByRole('option', { name: /grafana-2/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'grafana' })).toBeVisible()

  await page.keyboard.press('Control+K')
  await search.fill('new route')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toContainText('route')
  await page.keyboard.press('Escape')

  await page.keyboard.press('Control+K')
  await search.fill('dark theme')
  await page.keyboard.press('Enter')
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark')

  await page.keyboard.press('Control+K')
  await search.fill('no such thing')
  await expect(page.getByText('Nothing of that name')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(search).toHaveCount(0)
})

test('a dialog keeps the page behind it where it is', async ({ page, daemon }) => {
  await put(daemon, company([await freePort(), await freePort()]))
  await signIn(page, daemon)
  await page.setViewportSize({ width: 1000, height: 400 })
  const scrolled = () => page.evaluate(() => window.scrollY)
  const wheel = async (x: number) => {
    await page.mouse.move(x, 200)
    await page.mouse.wheel(0, 2_000)
    await page.waitForTimeout(300)
  }
  await page.keyboard.press('Control+K')
  await expect(page.getByRole('combobox', { name: 'Search or jump to…' })).toBeFocused()
  await wheel(20)
  await wheel(500)
  await page.keyboard.press('PageDown')
  await page.waitForTimeout(300)
  expect(await scrolled()).toBe(0)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await wheel(500)
  expect(await scrolled()).toBeGreaterThan(100)
})

test('the palette offers a viewer nothing that they may not do', async ({ page, daemon }) => {
  await put(daemon, company([await freePort(), await freePort()], 12))
  await signIn(page, daemon, 'viewer')
  await page.keyboard.press('Control+K')
  await page.getByRole('combobox', { name: 'Search or jump to…' }).fill('new')
  await expect(page.getByText('Nothing of that name')).toBeVisible()
})

test('the graph shows where requests go and what is down', async ({ page, daemon }) => {
  const document = company([await freePort(), await freePort()], 1000)
  await put(daemon, document)
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/edge/topology`)
  await expect(page.getByText('1,000 backends')).toBeVisible()
  const node = (name: string) => page.locator('.react-flow__node').filter({ hasText: name })
  await expect(node('web.example.com')).toBeVisible()
  // Servers of so many backends are shown when asked for; the state of the one that is down is not hidden by that.
  await expect(node('2 of 2 down')).toBeVisible({ timeout: 15_000 })
  await page.getByRole('button', { name: 'Show the servers of auth', exact: true }).click()
  await expect(node('127.0.0.1:1')).toContainText('down')
  // Only what is in sight is in the page.
  expect(await page.locator('.react-flow__node').count()).toBeLessThan(120)

  await page.getByLabel('Only with servers down').check()
  await expect(page.getByText('1 of 1,000 backends')).toBeVisible()
  await page.getByLabel('Only with servers down').uncheck()
  await page.getByLabel('Filter by name, condition or address').fill('10.0.5.1:')
  await expect(node('images').first()).toBeVisible()
  await page.getByRole('link', { name: 'images', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'images' })).toBeVisible()
  await page.goBack()
  await expect(page.getByLabel('Filter by name, condition or address')).toHaveValue('10.0.5.1:')
  await page.getByLabel('Filter by name, condition or address').fill('nothing like it')
  await page.getByRole('button', { name: 'Show everything' }).click()
  await expect(page.getByText('1,000 backends')).toBeVisible()
})
