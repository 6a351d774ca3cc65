// The network of services in the browser, against a real Caddy and a real DNS server: what the pages show is what is so.

import { Resolver } from 'node:dns/promises'
import { mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { Page } from '@playwright/test'
import type { Daemon } from './daemon'
import { Sshd } from './sshd'
import { backend, expect, overflow, signIn, test, violations, watch } from './test'

const PICTURES = '../target/screenshots'
mkdirSync(PICTURES, { recursive: true })

interface Got {
  status: number | undefined
  text: string
  serial: string
}

/** A request for a service's name at its route, trusting nothing but the given root. */
function through(daemon: Daemon, name: string, ca: string): Promise<Got> {
  return new Promise((done, failed) => {
    const asked = request(
      {
        host: `${name}.qp.local`,
        port: daemon.mesh.https,
        path: '/',
        ca,
        agent: false,
        lookup: (_host, options, found) =>
          options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4),
      },
      (response) => {
        const socket = response.socket as import('node:tls').TLSSocket
        const serial = socket.getPeerCertificate().serialNumber.toLowerCase()
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('end', () => done({ status: response.statusCode, text, serial }))
      },
    )
    asked.on('error', failed)
    asked.end()
  })
}

async function download(page: Page): Promise<string> {
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the root' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe('plenum-root.crt')
  return readFileSync(await saved.path(), 'utf8')
}

const row = (page: Page, table: string, name: string) =>
  page.getByRole('table', { name: table, exact: true }).getByRole('row').filter({ hasText: name })

test('a service is registered in one dialog, and has a name, a route and a certificate', async ({ page, daemon }) => {
  const server = await backend('hello from core')
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/network/services`)
  await expect(page.getByText('No services yet')).toBeVisible()
  await page.getByRole('button', { name: 'Register a service' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Register a service' })
  await dialog.getByRole('button', { name: 'Register', exact: true }).click()
  // What is missing is said at its field, and nothing is sent.
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toHaveAttribute('aria-invalid', 'true')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('core')
  await dialog.getByRole('textbox', { name: 'Upstream' }).fill(server.address)
  await dialog.getByLabel('Health path').fill('/healthz')
  await dialog.getByLabel('Tags').fill('prod')
  await dialog.getByLabel('Tags').press('Enter')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Register', exact: true }).click()

  // Its page follows, and tells how it does as soon as that is known.
  await expect(page.getByRole('heading', { level: 1, name: 'core' })).toBeVisible()
  await expect(page.getByRole('region', { name: 'Health' })).toContainText('healthy')
  const line = page.locator('pre').filter({ hasText: 'curl' })
  await expect(line).toContainText(
    `curl --cacert plenum-root.crt --resolve core.qp.local:${daemon.mesh.https}:127.0.0.1 https://core.qp.local:${daemon.mesh.https}/`,
  )
  await page.getByRole('link', { name: 'Services', exact: true }).first().click()
  await expect(row(page, 'Services', 'core')).toContainText('healthy')
  await expect(row(page, 'Services', 'core')).toContainText('prod')
  await expect(row(page, 'Services', 'core').getByRole('img')).toHaveAttribute('aria-label', /\d+ checks?, 0 failed/)

  // The root that is downloaded is the one that the route's certificate leads to.
  await page.goto(`${daemon.url}/network/certificates`)
  const root = await download(page)
  const got = await through(daemon, 'core', root)
  expect(got).toMatchObject({ status: 200, text: `hello from core for core.qp.local:${daemon.mesh.https}` })
  await expect(through(daemon, 'core', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n')).rejects.toThrow()

  // Inspecting tells the same serial number as the connection; rotating changes it.
  await row(page, 'Certificates', 'core').getByRole('button', { name: 'Inspect core' }).click()
  const inspection = page.getByRole('dialog', { name: 'Certificate of core' })
  await expect(inspection).toContainText('=== Certificate: core ===')
  await expect(inspection).toContainText(got.serial)
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Rotate core' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  await expect(page.getByText('The certificate of core is new')).toBeVisible()
  await daemon.until('the new certificate', async () => (await through(daemon, 'core', root)).serial !== got.serial)
  const fresh = await through(daemon, 'core', root)
  await page.getByRole('button', { name: 'Inspect core' }).click()
  await expect(page.getByRole('dialog', { name: 'Certificate of core' })).toContainText(fresh.serial)

  // The name answers, and the page says why.
  await page.goto(`${daemon.url}/network/dns`)
  await expect(page.getByText('Queries are answered')).toBeVisible()
  await page.getByLabel('Find a name or an address').fill('core')
  await page.getByRole('button', { name: 'Resolve', exact: true }).click()
  await expect(page.getByText('core.qp.local has address 127.0.0.1')).toBeVisible()
  await expect(page.getByText('this server is the authority for it')).toBeVisible()
  await expect(page).toHaveURL(/ask=core/)
  const resolver = new Resolver()
  resolver.setServers([`127.0.0.1:${daemon.mesh.dns}`])
  expect(await resolver.resolve4('core.qp.local')).toEqual(['127.0.0.1'])
  await page.getByLabel('Find a name or an address').fill('nowhere')
  await page.keyboard.press('Enter')
  await expect(page.getByText('No address')).toBeVisible()
  await expect(page.getByText('so it does not exist')).toBeVisible()
  await page.getByRole('button', { name: 'Flush the cache' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'DNS cache flushed' })).toBeVisible()

  await page.goto(`${daemon.url}/network/routes`)
  await expect(row(page, 'Service routes', 'core.qp.local')).toContainText(server.address)
  await page.getByRole('button', { name: 'Reload Caddy' }).click()
  await expect(page.getByText('Caddy configuration reloaded')).toBeVisible()
  expect((await through(daemon, 'core', root)).status).toBe(200)

  // What went through the route is on the service's page.
  await page.goto(`${daemon.url}/network/services/core`)
  const requests = page.getByRole('region', { name: 'Latest requests' })
  await expect(requests.getByRole('row').nth(1)).toContainText('GET /')
  const before = await requests.getByRole('row').count()
  await through(daemon, 'core', root)
  await expect(async () => {
    await requests.getByRole('button', { name: 'Read the log again' }).click()
    await expect(requests.getByRole('row')).toHaveCount(before + 1, { timeout: 500 })
  }).toPass()
  expect(await violations(page)).toEqual([])
  await server.close()
})

test('the authority is replaced, and clients of the old root and of the new one are both served', async ({
  page,
  daemon,
}) => {
  const server = await backend('hello')
  await daemon.register({ name: 'core', host: server.address })
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/network/certificates`)
  await expect(row(page, 'Certificates', 'core')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Previous root' })).toHaveCount(0)
  const old = await download(page)
  const { serial } = await through(daemon, 'core', old)
  const { body: before } = await daemon.api('GET', '/mesh/api/tls/ca')

  await page.getByRole('button', { name: 'Replace the authority' }).click()
  const dialog = page.getByRole('dialog', { name: 'Replace the internal authority?' })
  await expect(dialog).toContainText('Clients that trust the old root go on until it ends')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  expect((await daemon.api('GET', '/mesh/api/tls/ca')).body.fingerprint).toBe(before.fingerprint)
  await page.getByRole('button', { name: 'Replace the authority' }).click()
  await dialog.getByRole('button', { name: 'Replace', exact: true }).click()
  await expect(page.getByRole('status').filter({ hasText: 'all certificates are new' })).toBeVisible()
  await expect(page.getByRole('region', { name: 'Previous root' })).toContainText(before.fingerprint)
  expect(await violations(page)).toEqual([])
  await page.screenshot({ path: `${PICTURES}/network-replaced-light-1280.png`, fullPage: true })

  await daemon.until('the new certificate', async () => (await through(daemon, 'core', old)).serial !== serial)
  const fresh = await download(page)
  expect(fresh).not.toBe(old)
  const [byOld, byNew] = [await through(daemon, 'core', old), await through(daemon, 'core', fresh)]
  expect(byOld).toMatchObject({ status: 200, serial: byNew.serial })
  expect(byNew.status).toBe(200)

  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the previous root' }).click()
  expect(readFileSync(await (await saving).path(), 'utf8')).toBe(old)
  const listed = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Revocation list (PEM)' }).click()
  expect(readFileSync(await (await listed).path(), 'utf8')).toContain('-----BEGIN X509 CRL-----')
  await server.close()
})

test('a taken name is only replaced when that is wanted', async ({ page, daemon }) => {
  const [first, second] = [await backend('first'), await backend('second')]
  await daemon.register({ name: 'core', host: first.address })
  const { body: ca } = await daemon.api('GET', '/mesh/api/tls/ca')
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/network/services?new=true`)
  const dialog = page.getByRole('dialog', { name: 'Register a service' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('core')
  await dialog.getByRole('textbox', { name: 'Upstream' }).fill(second.address)
  await expect(dialog.getByRole('button', { name: 'Replace it' })).toHaveCount(0)
  await dialog.getByRole('button', { name: 'Register', exact: true }).click()
  await expect(dialog.getByText('core is registered already')).toBeVisible()
  expect((await through(daemon, 'core', ca.pem)).text).toContain('first')
  await dialog.getByRole('button', { name: 'Replace it' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'core' })).toBeVisible()
  await daemon.until('the second', async () => (await through(daemon, 'core', ca.pem)).text.startsWith('second'))

  // What may not be reached is refused, in words.
  await page.goto(`${daemon.url}/network/services?new=true`)
  await dialog.getByRole('textbox', { name: 'Name' }).fill('metadata')
  await dialog.getByRole('textbox', { name: 'Upstream' }).fill('169.254.169.254')
  await dialog.getByRole('button', { name: 'Register', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('blocked range')

  // Removed, and registered again with one click: the undo.
  await page.goto(`${daemon.url}/network/services/core`)
  await page.getByRole('button', { name: 'Deregister' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Deregister' }).click()
  await expect(page.getByText('No services yet')).toBeVisible()
  await page.goto(`${daemon.url}/network/services/core`)
  await expect(page.getByText('This service was removed')).toBeVisible()
  await page.getByRole('button', { name: 'Register again' }).click()
  await expect(dialog.getByRole('textbox', { name: 'Upstream' })).toHaveValue(second.address)
  await dialog.getByRole('button', { name: 'Register', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Deregister' })).toBeVisible()
  await daemon.until('the route', async () => (await through(daemon, 'core', ca.pem)).text.startsWith('second'))
  for (const server of [first, second]) await server.close()
})

test('pages follow what happens elsewhere, and the overview says what is down', async ({ page, daemon }) => {
  let status = 200
  const server = await backend('x', () => status)
  await signIn(page, daemon)
  await page.goto(`${daemon.url}/network/services`)
  await expect(page.getByText('No services yet')).toBeVisible()
  await daemon.register({ name: 'core', host: server.address })
  // Through the event stream: sooner than the page would ask again.
  await expect(row(page, 'Services', 'core')).toContainText('healthy', { timeout: 4_000 })
  // What changes while it has only just been registered is its first state, and no change.
  await daemon.until('some checks', async () => {
    const { body } = await daemon.api('GET', '/mesh/api/services')
    return body.services[0].history.length >= 7
  })
  status = 499
  await expect(row(page, 'Services', 'core')).toContainText('down', { timeout: 4_000 })
  await page.goto(daemon.url)
  await expect(page.getByTestId('attention')).toContainText('1 service is down.')
  await page.getByRole('link', { name: '1 service is down.' }).click()
  await page.getByRole('row').filter({ hasText: 'core' }).click()
  // The reason holds what looks like a tag, as some do.
  await expect(page.getByRole('region', { name: 'Health' })).toContainText('status 499 <unknown status code>')
  await expect(page.getByRole('region', { name: 'History' })).toContainText('checks answered')
  await expect(page.getByRole('region', { name: 'Changes of state' })).toContainText('down')
  status = 200
  await expect(page.getByRole('region', { name: 'Health' })).toContainText('healthy')
  await page.goto(daemon.url)
  await expect(page.getByRole('region', { name: 'Services' })).toContainText('1 healthy')
  await expect(page.getByRole('region', { name: 'Certificates' })).toContainText('1 valid')
  await expect(page.getByRole('region', { name: 'DNS and routes' })).toContainText('answers')

  // The palette finds it by its address.
  await page.keyboard.press('Control+K')
  await page.getByRole('combobox', { name: 'Search or jump to…' }).fill(server.address)
  await expect(page.getByRole('option', { name: /core/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'core' })).toBeVisible()
  await server.close()
})

test.describe('without Caddy', () => {
  test.use({ caddy: '/nonexistent/caddy' })

  test('a failed registration says what to do and leaves nothing', async ({ page, daemon }) => {
    const server = await backend('x')
    await signIn(page, daemon)
    await page.goto(`${daemon.url}/network/services?new=true`)
    const dialog = page.getByRole('dialog', { name: 'Register a service' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill('core')
    await dialog.getByRole('textbox', { name: 'Upstream' }).fill(server.address)
    await dialog.getByRole('button', { name: 'Register', exact: true }).click()
    await expect(dialog.getByRole('alert')).toContainText('Nothing was changed')
    await expect(dialog.getByRole('alert')).toContainText(/caddy/i)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await expect(page.getByText('No services yet')).toBeVisible()
    await server.close()
  })
})

test('a machine is added over SSH, and its changed host key is only taken on purpose', async ({ page, daemon }) => {
  test.setTimeout(120_000)
  const sshd = await Sshd.start()
  try {
    await signIn(page, daemon)
    await page.goto(`${daemon.url}/network/servers`)
    const card = (name: string) => page.getByRole('region', { name, exact: true })
    await expect(page.getByText('this machine')).toBeVisible()
    await page.getByRole('button', { name: 'Add a server' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a server' })
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('gpu-1')
    await dialog.getByLabel('Host name or address').fill('127.0.0.1')
    await dialog.getByLabel('SSH port').fill(String(sshd.port))
    await dialog.getByRole('textbox', { name: 'User' }).fill(sshd.user)
    const key = dialog.locator('pre').filter({ hasText: 'ssh-ed25519' })
    await expect(key).toBeVisible()
    expect(await violations(page)).toEqual([])
    // The key is not authorized yet: nothing is stored, and the dialog says why.
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(dialog.getByRole('alert')).toContainText('Nothing was changed')
    await sshd.authorize((await key.textContent()) ?? '')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(dialog.getByRole('status')).toContainText('Added server: gpu-1')
    await expect(dialog.getByRole('status')).toContainText('SHA256:')
    await dialog.locator('footer, form, div').getByRole('button', { name: 'Close', exact: true }).last().click()
    await expect(card('gpu-1')).toContainText('online')
    await expect(card('gpu-1').getByRole('progressbar')).toHaveCount(3)

    const changed = await sshd.newHostKey()
    await page.reload()
    // The page asks again every quarter of a minute.
    await expect(card('gpu-1')).toContainText('host key changed', { timeout: 30_000 })
    await card('gpu-1').getByRole('button', { name: 'Look at the key' }).click()
    const trust = page.getByRole('dialog', { name: 'The host key of gpu-1 changed' })
    await expect(trust).toContainText(changed)
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: `${PICTURES}/network-trust-light-1280.png` })
    const verb = trust.getByRole('button', { name: 'Trust the new key' })
    await expect(verb).toBeDisabled()
    await trust.getByLabel('Type gpu-1 to confirm').fill('gpu-1')
    await verb.click()
    await expect(trust).toHaveCount(0)
    await expect(card('gpu-1')).toContainText('online', { timeout: 30_000 })
    await expect(card('gpu-1')).toContainText(changed)

    await page.getByRole('button', { name: 'Remove gpu-1' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await expect(card('gpu-1')).toHaveCount(0)
  } finally {
    await sshd.end()
  }
})

test('machines and containers of every kind', async ({ page, daemon }) => {
  await signIn(page, daemon)
  const { body } = await daemon.api('GET', '/mesh/api/servers')
  const [local] = body.servers
  const gpu = {
    index: 0,
    name: 'NVIDIA L40S',
    temperature: 88,
    utilization: 74,
    memory_used: 40_000,
    memory_total: 46_068,
  }
  const machines = [
    { ...local, cpu_percent: 95.2, memory_percent: 71, gpus: [{ ...gpu, power_draw: 290, power_limit: 350 }] },
    {
      ...local,
      id: 'db-1',
      name: 'db-1',
      user: 'ops',
      port: 22,
      host: '10.0.0.9',
      status: 'offline',
      error: 'no answer within 15 s',
    },
  ]
  const container = {
    id: 'c0ffee',
    image: 'postgres:17',
    name: 'db',
    server: 'db-1',
    state: 'running',
    status: 'Up 3 minutes',
  }
  const containers = [
    { ...container, cpu_percent: 12.5, memory_usage: 5e8, memory_limit: 2e9, net_rx: 1e6, net_tx: 3e7, pids: 9 },
    { ...container, id: 'dead', name: 'old', state: 'exited', status: 'Exited (0) 2 days ago' },
  ]
  await page.route('**/mesh/api/servers', (route) =>
    route.fulfill({ json: { ok: true, output: '', servers: machines } }),
  )
  await page.route('**/mesh/api/servers/containers', (route) =>
    route.fulfill({
      json: { ok: true, output: '', containers, errors: [{ server: 'local', error: 'no Docker here' }] },
    }),
  )
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.goto(`${daemon.url}/network/servers`)
    const card = page.getByRole('region', { name: local.name, exact: true })
    // Never by colour alone.
    await expect(card.getByText('critical')).toHaveCount(2)
    await expect(card.getByText('high', { exact: true })).toHaveCount(3)
    await expect(page.getByRole('region', { name: 'db-1' })).toContainText('no answer within 15 s')
    await expect(row(page, 'Containers', 'postgres:17').first()).toContainText('Up 3 minutes')
    expect(await violations(page)).toEqual([])
    for (const width of [1440, 380]) {
      await page.setViewportSize({ width, height: 900 })
      expect(await overflow(page)).toBe(0)
      await page.screenshot({ path: `${PICTURES}/network-machines-${scheme}-${width}.png`, fullPage: true })
    }
  }
})

test('certificates of every age stand on one axis, and the root is only installed when asked twice', async ({
  page,
  daemon,
}) => {
  await daemon.register({ name: 'core', host: '127.0.0.1:9' })
  const { body } = await daemon.api('GET', '/mesh/api/tls')
  const day = 86_400_000
  const certs = [
    ['core', 80, 'valid'],
    ['grafana', 61, 'valid'],
    ['wiki', 9, 'expiring'],
    ['legacy', -6, 'expired'],
  ].map(([name, days, status]) => ({
    ...body.certs[0],
    name,
    domain: `${name}.qp.local`,
    status,
    not_after: new Date(Date.now() + Number(days) * day).toISOString(),
  }))
  await page.route('**/mesh/api/tls', (route) => route.fulfill({ json: { ok: true, output: '', certs } }))
  // Installing for real would change the machine that runs the tests.
  const asked: string[] = []
  await page.route('**/mesh/api/tls/trust', (route) => {
    asked.push(route.request().method())
    const stderr = 'Plenum does not run as root here'
    return route.fulfill({ json: { ok: false, stdout: '', stderr, message: stderr, exit_code: 1 } })
  })
  const issued = (name: string, status: string) => ({
    ...{ serial: `${name}01`, names: [`${name}.qp.local`], account: 'acct-1', status, pem: body.certs[0].pem },
    ...{ not_before: body.certs[0].not_before, not_after: body.certs[0].not_after },
  })
  let byAcme = [issued('mail', 'valid'), issued('old', 'revoked')]
  await page.route('**/mesh/api/tls/acme', (route) => route.fulfill({ json: { ok: true, output: '', certs: byAcme } }))
  await page.route('**/mesh/api/tls/acme/mail01/revoke', (route) => {
    byAcme = [issued('mail', 'revoked'), issued('old', 'revoked')]
    return route.fulfill({ json: { ok: true, stdout: '', stderr: '', message: 'Certificate revoked', exit_code: 0 } })
  })
  await signIn(page, daemon)
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.goto(`${daemon.url}/network/certificates`)
    await expect(row(page, 'Certificates by ACME', 'old')).toContainText('revoked')
    await expect(row(page, 'Certificates', 'legacy')).toContainText('ended 6 days ago')
    await expect(row(page, 'Certificates', 'wiki')).toContainText('expiring')
    await expect(page.getByRole('table', { name: 'Certificates', exact: true }).getByRole('row').nth(1)).toContainText(
      'legacy',
    )
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: `${PICTURES}/network-ages-${scheme}-1280.png`, fullPage: true })
  }
  await page.getByRole('button', { name: 'Install on this machine' }).click()
  expect(asked).toEqual([])
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Install on this machine' }).click()
  await expect(dialog.getByRole('alert')).toContainText('Plenum does not run as root here')
  expect(asked).toEqual(['POST'])
  await page.keyboard.press('Escape')
  await page.getByRole('tab', { name: 'macOS' }).click()
  await expect(page.getByText('add-trusted-cert')).toBeVisible()

  await expect(page.getByRole('button', { name: 'Revoke the certificate of old.qp.local' })).toHaveCount(0)
  await page.getByRole('button', { name: 'Revoke the certificate of mail.qp.local' }).click()
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
  await expect(row(page, 'Certificates by ACME', 'mail')).toContainText('revoked')
})

const PAGES = {
  services: '/network/services',
  service: '/network/services/core',
  dns: '/network/dns?ask=core',
  certificates: '/network/certificates',
  routes: '/network/routes',
  servers: '/network/servers',
} as const

async function populate(daemon: Daemon): Promise<() => Promise<void>> {
  const servers = await Promise.all(['core', 'grafana', 'wiki'].map((name) => backend(name)))
  const broken = await backend('billing', () => 500)
  const names = ['core', 'grafana', 'wiki']
  for (const [i, server] of servers.entries()) {
    await daemon.register({ name: names[i] ?? '', host: server.address, tags: i === 0 ? ['prod', 'team-a'] : [] })
  }
  await daemon.register({ name: 'billing', host: broken.address, tags: ['payments'] })
  await daemon.register({ name: 'legacy', host: '127.0.0.1:9', no_tls: true })
  return async () => {
    for (const server of [...servers, broken]) await server.close()
  }
}

test('a viewer sees all of it and can change nothing', async ({ page, daemon }) => {
  const close = await populate(daemon)
  await signIn(page, daemon, 'viewer')
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(`${daemon.url}${path}`)
    await expect(page.locator('h1'), name).toBeVisible()
    await expect(page.locator('[role=status][aria-label="Loading…"]'), name).toHaveCount(0)
    const offered = page.getByRole('button', {
      name: /^(register|deregister|rotate|revoke|flush|reload|install|remove|add|trust)\b/i,
    })
    await expect(offered, name).toHaveCount(0)
  }
  await page.goto(`${daemon.url}/network/services?new=true`)
  await expect(page.getByRole('table', { name: 'Services' })).toBeVisible()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  const status = await page.evaluate(async () => (await fetch('/mesh/api/services/core', { method: 'DELETE' })).status)
  expect(status).toBe(403)
  await close()
})

const HOSTILE = [
  '"><img src=x onerror=alert(1)>',
  '<script>alert(2)</script>',
  '\u202Egnp.exe\u2066 \u{1F4A9}',
  'x'.repeat(64),
]

test('v25 hostile tags, names and reasons are text', async ({ page, daemon }) => {
  test.setTimeout(120_000)
  const close = await populate(daemon)
  await daemon.register({
    name: 'core',
    host: '127.0.0.1:9',
    tags: HOSTILE.slice(0, 2).concat('x'.repeat(64)),
    overwrite: true,
  })
  await signIn(page, daemon)
  const blocked: string[] = []
  await page.exposeFunction('noteViolation', (text: string) => blocked.push(text))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const note = (window as unknown as { noteViolation?: (text: string) => void }).noteViolation
      note?.(`${event.violatedDirective} ${event.blockedURI} ${location.pathname}`)
    })
  })
  await daemon.api('PUT', '/mesh/api/dns/txt/_acme-challenge.core', { values: HOSTILE.slice(0, 2) })
  // Real tags first; then a daemon that has gone bad: every text that a page shows is hostile.
  const wide: string[] = []
  const visit = async (part: string) => {
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(`${daemon.url}${path}`)
      await expect(page.locator('h1'), name).toBeVisible()
      await page.waitForTimeout(300)
      for (const width of [1280, 380]) {
        await page.setViewportSize({ width, height: 800 })
        const over = await overflow(page)
        if (over > 0) wide.push(`${part} ${name} at ${width}: ${over}`)
      }
      expect(await page.locator('img[src="x"]').count(), name).toBe(0)
    }
  }
  const { body: ca } = await daemon.api('GET', '/mesh/api/tls/ca')
  await through(daemon, 'core', ca.pem)
  await visit('real')
  const KEYS =
    /^(host|domain|ip|output|text|issuer|upstream|fingerprint|serial|reason|health_reason|message|command|values|value|status|fqdn|tags|error|image|path|method|remote)$/
  await page.route('**/mesh/api/**', async (route) => {
    const response = await route.fetch()
    let turn = 0
    const text = (await response.text()).trim()
    const twist = (key: string, value: unknown): unknown =>
      typeof value === 'string' && KEYS.test(key) ? (HOSTILE[turn++ % HOSTILE.length] ?? '') : value
    await route.fulfill({ response, body: JSON.stringify(JSON.parse(text, twist)) })
  })
  await visit('twisted')
  expect(blocked).toEqual([])
  expect(wide).toEqual([])
  await close()
})

for (const scheme of ['light', 'dark'] as const) {
  test(`the network’s pages in ${scheme}`, async ({ page, daemon }) => {
    test.setTimeout(120_000)
    await page.emulateMedia({ colorScheme: scheme })
    await signIn(page, daemon)
    const wrong: string[] = []
    const visit = async (name: string, path: string) => {
      await page.goto(`${daemon.url}${path}`)
      await expect(page.locator('h1').first(), name).toBeVisible()
      await expect(page.locator('[role=status][aria-label="Loading…"]'), name).toHaveCount(0)
      for (const width of [1440, 380]) {
        await page.setViewportSize({ width, height: 900 })
        await page.waitForTimeout(200)
        const over = await overflow(page)
        if (over > 0) wrong.push(`${name} at ${width}: ${over} px too wide`)
        await page.screenshot({ path: `${PICTURES}/network-${name}-${scheme}-${width}.png`, fullPage: true })
      }
      await page.setViewportSize({ width: 1280, height: 800 })
      for (const violation of await violations(page)) wrong.push(`${name}: ${violation}`)
    }
    for (const [name, path] of Object.entries(PAGES)) if (name !== 'service') await visit(`${name}-empty`, path)
    const close = await populate(daemon)
    await daemon.until('billing down', async () => {
      const { body } = await daemon.api('GET', '/mesh/api/status')
      return body.services.down === 2
    })
    const { body: ca } = await daemon.api('GET', '/mesh/api/tls/ca')
    for (let i = 0; i < 3; i++) await through(daemon, 'core', ca.pem)
    await page.waitForTimeout(4_000)
    for (const [name, path] of Object.entries(PAGES)) await visit(name, path)
    await visit('register', '/network/services?new=true')
    await visit('inspect', '/network/certificates?inspect=core')
    await visit('overview', '/')
    expect(wrong).toEqual([])
    await close()
  })
}

test('the same app on the listener of the mesh API', async ({ browser, daemon }) => {
  const server = await backend('x')
  await daemon.register({ name: 'core', host: server.address })
  const url = `http://127.0.0.1:${daemon.mesh.api}`
  const page = await browser.newPage()
  const troubles: string[] = []
  watch(page, url, troubles)
  // Whoever runs the daemon needs no password here.
  await page.goto(`${url}/network/services`)
  await expect(row(page, 'Services', 'core')).toContainText('healthy')
  await page.goto(`${url}/audit`)
  // The entries are the same as on the main listener; only the documented path of the log is the network's own here.
  await expect(row(page, 'Audit log', 'service_register')).toContainText('core')
  await page.goto(url)
  await expect(page.getByRole('region', { name: 'Services' })).toContainText('1 healthy')
  expect(troubles).toEqual([])
  await page.close()
  await server.close()
})
