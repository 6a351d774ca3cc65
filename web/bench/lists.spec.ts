// Finding one's way in 5,000 backends, and changing one. Part of `make bench`; works on the release program.

import { put } from '../e2e/document'
import { expect, freePort, signIn, test } from '../e2e/test'
import { large } from './document'
import { Meter } from './measure'

test('lists and forms', async ({ page, daemon }) => {
  await put(daemon, large([await freePort(), await freePort()]))
  const meter = await Meter.on(page, daemon.url)
  await signIn(page, daemon)
  const link = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  const heading = (name: string) => expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  const filter = page.getByLabel('Filter the rows')
  const rows = /rows$/

  await meter.measure(
    'from the overview to the backends',
    async () => {
      await link('Backends')
      await expect(page.getByText('5,000 rows')).toBeVisible()
    },
    () => meter.open('/', 'What is live'),
  )
  await meter.measure('scroll the backends', () => meter.scroll())
  await meter.measure('filter the backends', async (i) => {
    await filter.fill('')
    await filter.pressSequentially(`web-${i + 1}`, { delay: 30 })
  })
  await filter.fill('')
  await meter.measure('sort the backends', () => page.getByTitle('Sort by Name').click())
  await meter.measure(
    'export the backends',
    async () => {
      const download = page.waitForEvent('download')
      await page.getByRole('menuitem', { name: /CSV/ }).click()
      await download
    },
    () => page.getByRole('button', { name: 'Export' }).click(),
  )
  await meter.measure(
    'open a backend',
    async () => {
      await page.getByRole('row').nth(3).click()
      await expect(page.getByRole('heading', { name: /^Servers/ })).toBeVisible()
    },
    () => meter.open('/edge/backends', '5,000 rows'),
  )
  await meter.measure('change a weight', async (i) => {
    await page
      .getByLabel(/^Weight /)
      .first()
      .fill(String(10 + i))
    await page.keyboard.press('Enter')
  })
  await meter.measure('undo', () => page.keyboard.press('Control+z'))
  await meter.measure('redo', () => page.keyboard.press('Control+Shift+z'))
  await meter.measure(
    'open the palette and type',
    async (i) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: 'Search or jump to…' }).pressSequentially(`mail-${i}`, { delay: 40 })
    },
    () => page.keyboard.press('Escape'),
  )
  await page.keyboard.press('Escape')
  await meter.measure(
    'add a backend',
    async (i) => {
      await page.getByRole('button', { name: 'Add backend' }).click()
      await page.getByRole('dialog').getByLabel('Name').fill(`added-${i}`)
      await page.keyboard.press('Enter')
      await heading(`added-${i}`)
    },
    () => meter.open('/edge/backends', rows),
  )
  await meter.measure(
    'from the backends to the overview',
    async () => {
      await link('Overview')
      await heading('Overview')
    },
    () => meter.open('/edge/backends', rows),
  )
  await meter.measure(
    'from the overview to the routes',
    async () => {
      await link('Routes')
      await expect(page.getByText('5,000 rows')).toBeVisible()
    },
    () => meter.open('/', 'What is live'),
  )
  await meter.measure('scroll the routes', () => meter.scroll())
  await meter.measure('filter the routes', async (i) => {
    await filter.fill('')
    await filter.pressSequentially(`web-${i + 1}`, { delay: 30 })
  })
  await filter.fill('')
  await meter.measure('sort the routes', () => page.getByTitle('Sort by Hostnames').click())
  await meter.measure(
    'change a route',
    async (i) => {
      await page
        .getByRole('button', { name: /^Edit web/ })
        .first()
        .click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('combobox', { name: 'Hostnames' }).fill(`more-${i}.example.com`)
      await page.keyboard.press('Enter')
      await dialog.getByRole('button', { name: /^Take over/ }).click()
      await expect(dialog).toHaveCount(0)
    },
    () => meter.open('/edge/routes', rows),
  )
  await meter.measure(
    'remove a route',
    () =>
      page
        .getByRole('button', { name: /^Remove / })
        .nth(3)
        .click(),
    () => meter.open('/edge/routes', rows),
  )
  await meter.measure(
    'from the overview to the ACLs',
    async () => {
      await link('ACLs')
      await expect(page.getByText(rows)).toBeVisible()
    },
    () => meter.open('/', 'What is live'),
  )
  await meter.measure(
    'open an ACL',
    async () => {
      await page.getByRole('row').nth(3).click()
      await expect(page).toHaveURL(/\/edge\/acls\/./)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    },
    () => meter.open('/edge/acls', rows),
  )
  await meter.measure(
    'open the graph',
    async () => {
      await link('Topology')
      await expect(page.locator('.react-flow__node').first()).toBeVisible()
    },
    () => meter.open('/', 'What is live'),
  )
  await meter.measure('move the graph', () => meter.scroll())
  await meter.measure('filter the graph', async (i) => {
    await page.getByLabel('Filter by name, condition or address').fill('')
    await page.getByLabel('Filter by name, condition or address').pressSequentially(`shop-${i + 1}`, { delay: 40 })
  })
  await meter.measure(
    'show the servers of a backend in the graph',
    () =>
      page
        .getByRole('button', { name: /^Show the servers of/ })
        .first()
        .click(),
    async () => {
      await meter.open('/edge/topology', 'Topology')
      await expect(page.locator('.react-flow__node').first()).toBeVisible()
    },
  )
  await meter.measure(
    'open a frontend',
    async () => {
      await page.getByRole('row').filter({ hasText: 'public' }).first().click()
      await heading('public')
    },
    () => meter.open('/edge/frontends', '2 rows'),
  )
  await meter.measure(
    'open its rules',
    async () => {
      await page.getByRole('tab', { name: 'Rules' }).click()
      await expect(page.locator('[data-rule]').first()).toBeVisible()
    },
    async () => {
      await meter.open('/edge/frontends', '2 rows')
      await page.getByRole('row').filter({ hasText: 'public' }).first().click()
      await expect(page.getByRole('tab', { name: 'Rules' })).toBeVisible()
    },
  )
  await meter.measure('scroll the rules', () => meter.scroll())
  meter.finish()
})
