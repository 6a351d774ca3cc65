// Who may not, cannot; and what is hostile stays text.

import { company, put } from './document'
import { PAGES } from './pages'
import { expect, freePort, overflow, signIn, test } from './test'

test('a viewer sees everything and can change nothing', async ({ page, daemon }) => {
  test.setTimeout(120_000)
  await put(daemon, company([await freePort(), await freePort()], 12))
  await signIn(page, daemon, 'viewer')
  const FORBIDDEN =
    /^(add|create|remove|delete|apply|discard|duplicate|restore|reload|stop|start|run now|send a request|try it|take over|edit as text|set up)\b/i
  const offered: string[] = []
  for (const [pattern, address] of Object.entries(PAGES)) {
    if (/login|setup-admin|NEWEST|profile|audit|users|reference|config$/.test(`${pattern}${address}`)) continue
    await page.goto(`${daemon.url}${address}`)
    await expect(page.locator('h1').first(), pattern).toBeVisible()
    await page.waitForTimeout(200)
    const names = await page
      .locator('main button:visible, main [role=switch]:visible:enabled')
      .evaluateAll((all) =>
        all
          .filter((each) => !(each as HTMLButtonElement).disabled)
          .map((each) => (each.getAttribute('aria-label') ?? each.textContent ?? '').trim()),
      )
    for (const name of names) if (FORBIDDEN.test(name)) offered.push(`${pattern}: ${name}`)
    const inputs = await page
      .locator('main input:visible, main textarea:visible')
      .evaluateAll((all) =>
        (all as HTMLInputElement[])
          .filter((each) => !each.readOnly && !each.disabled && each.getAttribute('aria-haspopup') !== 'listbox')
          .map(
            (each) => each.getAttribute('aria-label') || each.labels?.[0]?.textContent || each.placeholder || each.id,
          ),
      )
    for (const input of inputs)
      if (!/filter|find|search|compared|choose|only with/i.test(input) && !/^mantine-/.test(input))
        offered.push(`${pattern}: input ${input}`)
  }
  expect(offered).toEqual([])
  for (const hidden of ['/audit', '/settings/users'])
    await expect(page.locator(`nav a[href="${hidden}"]`)).toHaveCount(0)

  // And the daemon refuses what the pages do not offer.
  const status = await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json-patch+json' }
    return (await fetch('/api/state', { method: 'PATCH', headers, body: '[{"op":"add","path":"/x-a","value":1}]' }))
      .status
  })
  expect(status).toBe(403)
})

const HOSTILE = [
  '"><img src=x onerror=alert(1)>',
  '<script>alert(2)</script>',
  "';alert(3);//",
  '{{constructor.constructor("alert(4)")()}}',
  '\u202Egnp.exe\u2066 \u{1F4A9}\u0301\u0301',
  'x'.repeat(60),
]

test('v25 hostile names are text on every page', async ({ page, daemon }) => {
  test.setTimeout(180_000)
  let turn = 0
  const hostile = () => HOSTILE[turn++ % HOSTILE.length] ?? ''
  const state = company([await freePort(), await freePort()], 12, hostile)
  for (const [i, acl] of state.acls.entries())
    if (acl.name !== 'internal') acl.values = [...acl.values, HOSTILE[i % HOSTILE.length] ?? '']
  const [map] = state.haproxy.maps
  if (map) map.entries = HOSTILE.map((value, i) => ({ key: `k${i}`, value: value.replace(/\s/g, '') }))
  await put(daemon, state)
  // The words of a request end up in the audit log and in sessions.
  await fetch(`${daemon.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': '<img src=x onerror=alert(5)>' },
    body: JSON.stringify({ username: '<b onmouseover=alert(6)>', password: 'x' }),
  })
  await daemon.api('POST', '/api/api-tokens', { name: 'hostile' })
  await signIn(page, daemon)
  const violations: string[] = []
  await page.exposeFunction('noteViolation', (text: string) => violations.push(text))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const note = (window as unknown as { noteViolation?: (text: string) => void }).noteViolation
      note?.(`${event.violatedDirective} ${event.blockedURI} ${location.pathname}`)
    })
  })
  const { body } = await daemon.api('GET', '/api/snapshots')
  const wide: string[] = []
  for (const [pattern, address] of Object.entries(PAGES)) {
    if (/login|setup-admin/.test(pattern)) continue
    await page.goto(`${daemon.url}${address.replace('NEWEST', body.snapshots[0].id)}`)
    await expect(page.locator('h1').first(), pattern).toBeVisible()
    await page.waitForTimeout(200)
    for (const width of [1280, 380]) {
      await page.setViewportSize({ width, height: 800 })
      const over = await overflow(page)
      if (over > 0) wide.push(`${pattern} at ${width}: ${over}`)
    }
    expect(await page.locator('img[src="x"], b[onmouseover]').count(), pattern).toBe(0)
  }
  expect(violations).toEqual([])
  expect(wide).toEqual([])
})
