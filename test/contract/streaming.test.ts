/** exec, attach and port-forward as real clients drive them: every kubectl on this machine, and the official JavaScript client. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { once } from 'node:events'
import { Exec, KubeConfig, PortForward } from '@kubernetes/client-node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { renderKubeconfig } from '../../shared/kit/kubeconfig.ts'
import { fakeServer, type FakeServer } from '../../control-plane/apiserver/http/fake.ts'

const FOLDERS = [...(process.env['PATH'] ?? '').split(':'), '/usr/lib/google-cloud-sdk/bin']

/** Every kubectl to be found, by file name. */
function kubectls(): readonly string[] {
  const found = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder).filter((name) => /^kubectl(\.1\.\d+)?$/.test(name)).map((name) => join(folder, name)))
  return [...new Map(found.map((path) => [path.slice(path.lastIndexOf('/') + 1), path])).values()].toSorted()
}

/** How long something takes on a busy host is nowhere the question. */
const PATIENCE_MS = 60_000

let server: FakeServer
let folder: string
let kubeconfig: string

beforeAll(async () => {
  server = await fakeServer()
  folder = mkdtempSync(join(tmpdir(), 'gantry-streaming-'))
  kubeconfig = join(folder, 'config')
  writeFileSync(kubeconfig, renderKubeconfig({ name: 'test', server: server.url, authorityPem: server.authority.certificatePem, clientCertificatePem: server.admin.certificatePem, clientKeyPem: server.admin.privateKeyPem }))
})

/** Whatever a test leaves behind is not met by the next. */
const children = new Set<ChildProcess>()
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  await settled()
})

afterAll(async () => {
  await server.door.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface RunOptions {
  readonly stdin?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
}

function run(kubectl: string, words: readonly string[], { stdin = '', env = {} }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(kubectl, words, { env: { ...process.env, ...env, KUBECONFIG: kubeconfig, HOME: folder }, timeout: PATIENCE_MS })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
  })
}

async function until(holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + PATIENCE_MS; !holds() && performance.now() < endMs; ) await new Promise((resolve) => setTimeout(resolve, 20))
}

const settled = (): Promise<void> => until(() => server.node.openStreams === 0)

const clients = kubectls()

describe.skipIf(clients.length === 0)('without kubectl on this machine these are skipped', () => {
  for (const kubectl of clients) {
    describe(kubectl.slice(kubectl.lastIndexOf('/') + 1), () => {
      test('get shows the pod', async () => {
        expect(await run(kubectl, ['get', 'pod', 'p', '-o', 'name'])).toEqual({ code: 0, out: 'pod/p\n', err: '' })
      })
      test('exec: both outputs', async () => {
        expect(await run(kubectl, ['exec', 'p', '--', 'both'])).toEqual({ code: 0, out: 'out\n', err: 'err\n' })
      })
      test('exec: the exit code', async () => {
        expect(await run(kubectl, ['exec', 'p', '--', 'exit', '3'])).toMatchObject({ code: 3, err: 'command terminated with exit code 3\n' })
      })
      test('exec: standard input and its end', async () => {
        const text = 'line 1\nline 2'.repeat(20_000)
        const ran = await run(kubectl, ['exec', '-i', 'p', '--', 'cat'], { stdin: text })
        expect({ ...ran, out: ran.out.length }).toEqual({ code: 0, out: text.length, err: '' })
        expect(ran.out === text).toBe(true)
      })
      test('exec: a megabyte in, and counted', async () => {
        expect(await run(kubectl, ['exec', '-i', 'p', '--', 'count'], { stdin: Buffer.alloc(1_000_000, 'y') })).toMatchObject({ code: 0, out: '1000000\n' })
      })
      test('exec: five megabytes out', async () => {
        const ran = await run(kubectl, ['exec', 'p', '--', 'big', '5000000'])
        expect({ code: ran.code, length: ran.out.length }).toEqual({ code: 0, length: 5_000_000 })
      })
      test('exec: refused before it starts', async () => {
        const ran = await run(kubectl, ['exec', 'p', '--', 'nonsense'])
        expect(ran.code).toBe(1)
        expect(ran.err).toContain('nonsense: not found')
      })
      test('exec: a pod that is not there', async () => {
        expect(await run(kubectl, ['exec', 'none', '--', 'cat'])).toMatchObject({ code: 1, err: 'Error from server (NotFound): pods "none" not found\n' })
      })
      test('exec with a terminal: its size arrives', async () => {
        const ran = await runInTerminal(kubectl, ['exec', '-it', 'p', '--', 'size'])
        expect(ran).toContain('80x24')
      })
      test('attach: input comes back', async () => {
        expect(await run(kubectl, ['attach', '-i', '-q', 'p'], { stdin: 'hello\n' })).toMatchObject({ code: 0, out: 'hello\n' })
      })
      test('port-forward: several connections', async () => {
        const { child, port } = await forwarding(kubectl)
        try {
          expect(await Promise.all(['one', 'two', 'x'.repeat(300_000)].map((text) => sendThrough(port, text)))).toEqual(['one', 'two', 'x'.repeat(300_000)])
        } finally {
          child.kill('SIGINT')
          await once(child, 'close')
        }
        await settled()
        expect(server.node.openStreams).toBe(0)
      })
      test('port-forward: a port that is closed', async () => {
        const { child, port } = await forwarding(kubectl, ':81')
        let err = ''
        child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()))
        try {
          // Whether kubectl ends the connection or resets it is a matter of luck.
          expect(await sendThrough(port, 'hello').catch((error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? '' : error.message))).toBe('')
          await until(() => err.includes('refused'))
          expect(err).toContain('failed to connect to port 81: connection refused')
        } finally {
          if (child.exitCode === null) child.kill('SIGKILL')
        }
      })
      for (const websockets of ['true', 'false']) {
        test(`WebSockets asked for: ${websockets}`, async () => {
          const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: websockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: websockets }
          expect(await run(kubectl, ['exec', '-i', 'p', '--', 'cat'], { stdin: 'hello', env })).toEqual({ code: 0, out: 'hello', err: '' })
          const { child, port } = await forwarding(kubectl, ':80', env)
          expect(await sendThrough(port, 'x'.repeat(200_000))).toBe('x'.repeat(200_000))
          child.kill('SIGINT')
          await once(child, 'close')
        })
      }
      test('a client that is killed leaves nothing behind', async () => {
        const child = spawn(kubectl, ['exec', 'p', '--', 'hang'], { env: { ...process.env, KUBECONFIG: kubeconfig, HOME: folder } })
        children.add(child)
        await until(() => server.node.openStreams > 0)
        expect(server.node.openStreams).toBe(1)
        child.kill('SIGKILL')
        await settled()
        expect(server.node.openStreams).toBe(0)
      })
    })
  }
})

async function forwarding(kubectl: string, ports = ':80', env: Readonly<Record<string, string>> = {}): Promise<{ readonly child: ReturnType<typeof spawn>; readonly port: number }> {
  const child = spawn(kubectl, ['port-forward', 'pod/p', ports], { env: { ...process.env, ...env, KUBECONFIG: kubeconfig, HOME: folder } })
  children.add(child)
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')])) as [Buffer]
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1])
  if (!Number.isInteger(port)) throw new Error(line.toString())
  return { child, port }
}

async function sendThrough(port: number, text: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  let got = ''
  socket.on('data', (chunk: Buffer) => (got += chunk.toString()))
  socket.end(text)
  await once(socket, 'close')
  return got
}

/** Runs under a pseudo-terminal of 80 by 24. */
async function runInTerminal(command: string, words: readonly string[]): Promise<string> {
  const { spawn: spawnPty } = await import('@lydell/node-pty')
  const child = spawnPty(command, [...words], { cols: 80, rows: 24, env: { ...(process.env as Record<string, string>), KUBECONFIG: kubeconfig, HOME: folder } })
  let out = ''
  child.onData((text) => (out += text))
  await new Promise<void>((resolve) => {
    child.onExit(() => resolve())
    setTimeout(() => child.kill(), PATIENCE_MS).unref()
  })
  return out
}

describe('@kubernetes/client-node', () => {
  function config(): KubeConfig {
    const kc = new KubeConfig()
    kc.loadFromFile(kubeconfig)
    return kc
  }

  test('exec: output, input and exit code', async () => {
    const [stdout, stderr, stdin] = [new PassThrough(), new PassThrough(), new PassThrough()]
    let out = ''
    stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const status = Promise.withResolvers<unknown>()
    await new Exec(config()).exec('default', 'p', 'c', ['exit', '7'], new PassThrough(), new PassThrough(), stdin, false, (answer) => status.resolve(answer))
    expect(await status.promise).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '7' }] } })
    const both = Promise.withResolvers<unknown>()
    await new Exec(config()).exec('default', 'p', 'c', ['both'], stdout, stderr, null, false, (answer) => both.resolve(answer))
    expect(await both.promise).toMatchObject({ status: 'Success' })
    expect(out).toBe('out\n')
  })

  test('port-forward', async () => {
    const [output, error, input] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const socket = await new PortForward(config()).portForward('default', 'p', [80], output, error, input)
    input.write('ping')
    const [chunk] = (await once(output, 'data')) as [Buffer]
    expect(chunk.toString()).toBe('ping')
    ;(socket as { close(): void }).close()
    await settled()
    expect(server.node.openStreams).toBe(0)
  })
})
