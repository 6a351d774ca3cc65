// Looking at a document of 5,000 backends as a whole, and applying changes of it. Part of `make bench`; works on the release program.

import { put } from '../e2e/document'
import { expect, freePort, signIn, test } from '../e2e/test'
import { large } from './document'
import { Meter } from './measure'

test('documents and changes', async ({ page, daemon }) => {
  await put(daemon, large([await freePort(), await freePort()]))
  const meter = await Meter.on(page, daemon.url)
  await signIn(page, daemon)
  const link = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  const heading = (name: string) => expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  const editor = page.locator('.cm-content')
  const openJson = async () => {
    await meter.open('/edge/json?at=%2Fhaproxy%2Fbackends', 'JSON editor')
    await page.getByRole('button', { name: /^Open all/ }).click()
    await expect(editor).toBeVisible()
  }
  const changeWeight = async (i: number) => {
    await meter.open('/edge/backends', /rows$/)
    await page.getByRole('row').nth(3).click()
    await page
      .getByLabel(/^Weight /)
      .first()
      .fill(String(10 + i))
    await page.keyboard.press('Enter')
    await page.waitForTimeout(500)
  }
  const review = async () => {
    await page.getByTestId('draft-review').click()
    await expect(page.getByTestId('apply')).toBeEnabled({ timeout: 30_000 })
  }
  const space = async () => {
    await editor.click()
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.type(' ')
  }

  await meter.measure(
    'open the backends as JSON',
    async () => {
      await page.getByRole('button', { name: /^Open all/ }).click()
      await expect(editor).toBeVisible()
    },
    () => meter.open('/edge/json?at=%2Fhaproxy%2Fbackends', 'JSON editor'),
  )
  await meter.measure('scroll the JSON', () => meter.scroll())
  await meter.measure(
    'to the end of the JSON',
    async () => {
      await editor.click()
      await page.keyboard.press('Control+End')
      // Until all of it was read and is coloured.
      await expect(editor.locator('.tok-propertyName').first()).toBeVisible({ timeout: 30_000 })
    },
    openJson,
  )
  await meter.measure('type in the JSON', async () => {
    await space()
    // Until it was looked at.
    await page.waitForTimeout(3_000)
  })
  await meter.measure(
    'take the JSON over',
    async () => {
      await page.getByRole('button', { name: /^Take over/ }).click()
      await expect(page.getByText('Taken over into the draft.')).toBeVisible()
    },
    async () => {
      await space()
      await page.waitForTimeout(3_000)
    },
  )
  await meter.measure(
    'a change of somebody else arrives',
    async (i) => {
      await daemon.patch({ op: 'replace', path: '/haproxy/backends/7/servers/0/weight', value: 20 + i })
      await page.waitForTimeout(1_500)
    },
    () => meter.open('/edge/backends', /rows$/),
  )
  await meter.measure('review a change', review, changeWeight)
  await meter.measure(
    'discard a change',
    async () => {
      await page.getByRole('dialog').getByRole('button', { name: 'Discard all' }).click()
      await expect(page.getByRole('dialog')).toHaveCount(0)
    },
    async (i) => {
      await changeWeight(i)
      await review()
      await page.getByRole('button', { name: 'Discard all' }).click()
    },
  )
  await meter.measure(
    'apply a change',
    async () => {
      await page.getByTestId('apply').click()
      await expect(page.getByTestId('applied')).toBeVisible({ timeout: 30_000 })
    },
    async (i) => {
      await changeWeight(100 + i)
      await review()
    },
  )
  await meter.measure(
    'open the rendered configuration',
    async () => {
      await link('Rendered config')
      await expect(page.locator('section pre').first()).toBeVisible()
    },
    () => meter.open('/', 'What is live'),
  )
  await meter.measure('scroll the configuration', () => meter.scroll())
  await meter.measure('find in the configuration', async (i) => {
    await page.getByLabel('Find in the text').fill('')
    await page.getByLabel('Find in the text').pressSequentially(`web-${i + 1}`, { delay: 40 })
  })
  await meter.measure(
    'open the snapshots',
    async () => {
      await link('Snapshots')
      await heading('Snapshots')
    },
    () => meter.open('/', 'What is live'),
  )
  await meter.measure(
    'open a snapshot that changed everything',
    async () => {
      const all = page.locator('a[href^="/snapshots/"]')
      // Behind the first, which is empty.
      await all.nth((await all.count()) - 2).click()
      await expect(page.getByRole('article').first()).toBeVisible({ timeout: 20_000 })
    },
    () => meter.open('/snapshots', 'Snapshots'),
  )
  await meter.measure(
    'its difference in the configuration',
    async () => {
      await page.getByRole('tab', { name: 'Configuration' }).click()
      await expect(page.locator('section pre').first()).toBeVisible()
    },
    () => page.getByRole('tab', { name: /^Changes/ }).click(),
  )
  await meter.measure(
    'review a restore',
    async () => {
      await page.getByRole('button', { name: 'Restore' }).click()
      await expect(page.getByRole('dialog').getByRole('article').first()).toBeVisible({ timeout: 20_000 })
    },
    async () => {
      await meter.open('/snapshots', 'Snapshots')
      // The first, which is empty.
      await page.locator('a[href^="/snapshots/"]').last().click()
      await expect(page.getByRole('button', { name: 'Restore' })).toBeVisible()
    },
  )
  await page.keyboard.press('Escape')
  await meter.measure(
    'open the audit log',
    async () => {
      await link('Audit log')
      await heading('Audit log')
    },
    () => meter.open('/', 'What is live'),
  )
  meter.finish()
})
