// The real daemon with its real HAProxy, in a directory and on ports of its own, for one test.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

// What an answer holds is each test’s own business.
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every route.
type Answer = any

const BINARY = resolve(process.env.PLENUM_BIN ?? '../target/debug/plenum')

// Below the range from which the kernel takes ports for connections, and a part of it for each worker: a port that was free when
// it was asked for is still free when the daemon binds it.
let last = 20_000 + 2_000 * Number(process.env.TEST_PARALLEL_INDEX ?? 0) + (process.pid % 1_500)

export async function freePort(): Promise<number> {
  for (;;) {
    last += 1
    const server = createTcp()
    const isFree = await new Promise<boolean>((done) => {
      server.once('error', () => done(false))
      server.listen(last, '127.0.0.1', () => done(true))
    })
    if (!isFree) continue
    await new Promise((done) => server.close(done))
    return last
  }
}

// Tests are many and fast; the limits that people meet are tested where they belong, in the daemon's own suite.
function config(ports: MeshPorts, caddy: string): string {
  return `
rateLimit:
  authMax: 10000
  writeMax: 100000
  readMax: 1000000
mesh:
  listen: 127.0.0.1:${ports.api}
  dns: {listen: '127.0.0.1:${ports.dns}'}
  caddy: {bin: ${caddy}, httpPort: ${ports.http}, httpsPort: ${ports.https}}
  health: {intervalMs: 500, timeoutMs: 3000, degradedMs: 2900}
`
}

/** Where the network of services listens. Nothing is started before there is a service, but for the API. */
export interface MeshPorts {
  api: number
  dns: number
  http: number
  https: number
}

export interface Options {
  /** With a self-signed certificate, as in production. */
  tls?: boolean
  /** The program that serves the routes of services. */
  caddy?: string
}

export class Daemon {
  readonly users: Record<string, string> = {}
  private child: ChildProcess | undefined
  private log = ''
  private token: string | undefined

  private constructor(
    readonly directory: string,
    readonly port: number,
    readonly mesh: MeshPorts,
    private readonly options: Options,
  ) {}

  static async start(options: Options = {}): Promise<Daemon> {
    const directory = await mkdtemp(join(tmpdir(), 'plenum-e2e-'))
    const mesh = {
      api: await freePort(),
      dns: await freePort(),
      http: await freePort(),
      https: await freePort(),
    }
    await writeFile(join(directory, 'config.yaml'), config(mesh, options.caddy ?? '/usr/bin/caddy'))
    const daemon = new Daemon(directory, await freePort(), mesh, options)
    await daemon.serve()
    return daemon
  }

  get url(): string {
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`
  }

  private get data(): string {
    return join(this.directory, 'data')
  }

  async serve(): Promise<void> {
    const args = ['serve', '--config', join(this.directory, 'config.yaml'), '--data-dir', this.data]
    args.push('--listen', `127.0.0.1:${this.port}`, '--tls', this.options.tls ? 'self-signed' : 'off')
    const child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    const before = this.log.length
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (this.log += String(text)))
    await this.until('the daemon', async () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended:\n${this.log}`)
      return this.log.includes('listening on', before)
    })
    // The first document goes live in the background.
    await this.until('the first document', async () => (await this.cli('state', 'get')).code === 0)
  }

  /** Ends the daemon; HAProxy and Caddy go on, as they do in production. */
  async stop(): Promise<void> {
    const child = this.child
    if (!child || child.exitCode !== null) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await ended
  }

  /** Ends everything and removes the directory. */
  async end(): Promise<void> {
    await this.stop()
    for (const file of ['haproxy/haproxy.pid', 'mesh/caddy/caddy.pid']) {
      const pid = await readFile(join(this.data, file), 'utf8').catch(() => '')
      if (!pid.trim()) continue
      try {
        process.kill(Number(pid), 'SIGTERM')
      } catch {
        // Gone already: some tests stop it.
      }
    }
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }

  get output(): string {
    return this.log
  }

  async cli(...args: string[]): Promise<{ code: number | null; out: string }> {
    return this.run(args)
  }

  private async run(args: string[], input = ''): Promise<{ code: number | null; out: string }> {
    const child = spawn(BINARY, [...args, '--data-dir', this.data], { stdio: ['pipe', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (text) => (out += String(text)))
    child.stderr.on('data', (text) => (err += String(text)))
    // A command that wants no input may end before it could be given any.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const code = await new Promise<number | null>((done) => child.once('exit', done))
    return { code, out: out || err }
  }

  async user(username: string, role: string, password = `${username}-secret-1`): Promise<string> {
    const { code, out } = await this.run(
      ['user', 'add', '--username', username, '--role', role, '--password-stdin'],
      password,
    )
    if (code !== 0) throw new Error(`user add: ${out}`)
    this.users[username] = password
    return password
  }

  /** A request of the API as the owner, outside of the browser. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<{ status: number; body: Answer }> {
    if (!this.token) {
      if (!this.users.owner) await this.user('owner', 'owner')
      const { code, out } = await this.run(['token', 'create', '--user', 'owner', '--name', `e2e-${Date.now()}`])
      if (code !== 0) throw new Error(`token create: ${out}`)
      this.token = out.trim()
    }
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text ? JSON.parse(text) : undefined }
  }

  async patch(...operations: { op: string; path: string; value?: unknown }[]): Promise<void> {
    const { status, body } = await this.api('PATCH', '/api/state', operations, 'application/json-patch+json')
    if (status !== 200) throw new Error(`patch: ${status} ${JSON.stringify(body)}`)
  }

  /** Registers a service in the network, as the owner. */
  async register(body: { name: string; host: string } & Record<string, unknown>): Promise<void> {
    const { status, body: said } = await this.api('POST', '/mesh/api/services', body)
    if (status !== 200 || !said.ok) throw new Error(`register: ${status} ${JSON.stringify(said)}`)
  }

  async until(what: string, done: () => Promise<boolean>, within = 30_000): Promise<void> {
    const end = Date.now() + within
    while (!(await done())) {
      if (Date.now() > end) throw new Error(`${what}: not within ${within} ms\n${this.log}`)
      await new Promise((next) => setTimeout(next, 100))
    }
  }
}

/** A server that answers every request with a text and its own headers' host, and with the status that it is given. */
export async function backend(
  text: string,
  status: () => number = () => 200,
): Promise<{ address: string; close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    response.statusCode = status()
    response.setHeader('content-type', 'text/plain')
    response.end(`${text} for ${request.headers.host}`)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
