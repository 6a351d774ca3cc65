// A real OpenSSH server on loopback that lets in the account that runs the tests by the keys it is told, and can be given another
// host key.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './daemon'

const run = promisify(execFile)
const PROGRAM = '/usr/sbin/sshd'

export class Sshd {
  readonly user = userInfo().username
  private child: ChildProcess | undefined

  private constructor(
    private readonly directory: string,
    readonly port: number,
  ) {}

  static async start(): Promise<Sshd> {
    const sshd = new Sshd(await mkdtemp(join(tmpdir(), 'plenum-e2e-sshd-')), await freePort())
    await writeFile(sshd.path('authorized'), '', { mode: 0o600 })
    await writeFile(
      sshd.path('config'),
      [
        `ListenAddress 127.0.0.1:${sshd.port}`,
        `HostKey ${sshd.path('host')}`,
        `AuthorizedKeysFile ${sshd.path('authorized')}`,
        'PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nPrintMotd no\n',
      ].join('\n'),
    )
    await sshd.newHostKey()
    return sshd
  }

  private path(name: string): string {
    return join(this.directory, name)
  }

  /** Lets in whoever has the private half of this line. */
  async authorize(line: string): Promise<void> {
    await appendFile(this.path('authorized'), `${line.trim()}\n`)
  }

  /** Starts it with a host key that nobody has seen; tells its fingerprint. */
  async newHostKey(): Promise<string> {
    await this.stop()
    await rm(this.path('host'), { force: true })
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.path('host')])
    const { stdout } = await run('ssh-keygen', ['-lf', `${this.path('host')}.pub`])
    // Where it drops its privileges; packages leave that to systemd.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true })
    this.child = spawn(PROGRAM, ['-D', '-f', this.path('config'), '-E', this.path('log')], { stdio: 'ignore' })
    for (let i = 0; i < 100; i++) {
      if (await isOpen(this.port)) return stdout.split(' ')[1] ?? ''
      await new Promise((next) => setTimeout(next, 50))
    }
    throw new Error('sshd did not start')
  }

  /** Ends it with everybody who is connected. */
  private async stop(): Promise<void> {
    const child = this.child
    if (!child?.pid || child.exitCode !== null) return
    const connected = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => '')
    for (const pid of connected.split(' ').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGTERM')
      } catch {
        // It has just gone by itself.
      }
    }
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await ended
  }

  async end(): Promise<void> {
    await this.stop()
    await rm(this.directory, { recursive: true, force: true })
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })
}
