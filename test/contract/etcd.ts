import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real etcd of one member on loopback, with a data directory of its own that goes with it. */
export interface TestEtcd extends AsyncDisposable {
  readonly endpoint: string
  /** SIGKILL: nothing is flushed or said goodbye to. */
  kill(): Promise<void>
  /** SIGSTOP: connections stand, and nobody answers. */
  pause(): void
  resume(): void
  /** Starts it again on the same data and ports, and waits until it answers. */
  start(): Promise<void>
  /** Throws its data away; only while it is killed. */
  wipe(): Promise<void>
}

export interface TestEtcdOptions {
  readonly maxTxnOps?: number
  /** Bytes the database may take. */
  readonly quotaBytes?: number
  /** PEM texts: it serves TLS and wants client certificates of this authority. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}

export async function startEtcd(options: TestEtcdOptions = {}): Promise<TestEtcd> {
  for (let tries = 1; ; tries++) {
    const etcd = await etcdOn(await freePorts(3), options)
    try {
      await etcd.start()
      return etcd
    } catch (error) {
      await etcd[Symbol.asyncDispose]()
      // Somebody else may have taken a port meanwhile.
      if (tries === 5) throw error
    }
  }
}

/** It does not run yet. */
async function etcdOn([port = 0, metricsPort = 0, peerPort = 0]: readonly number[], options: TestEtcdOptions): Promise<TestEtcd> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-etcd-'))
  const endpoint = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const metrics = `http://127.0.0.1:${metricsPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  const flags: Readonly<Record<string, string>> = {
    name: 'gantry-test',
    'data-dir': join(folder, 'data'),
    logger: 'zap',
    'log-level': 'error',
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `gantry-test=${peer}`,
    'heartbeat-interval': '10',
    'election-timeout': '100',
    'max-txn-ops': String(options.maxTxnOps ?? 2048),
    'listen-metrics-urls': metrics,
    ...(await tlsFlags(folder, options.tls)),
    'quota-backend-bytes': String(options.quotaBytes ?? 0),
  }
  let child: ChildProcess | undefined
  // A test that ran out of time disposes of nothing.
  const atExit = (): void => void child?.kill('SIGKILL')
  process.once('exit', atExit)
  const self: TestEtcd = {
    endpoint,
    async kill() {
      const running = child
      child = undefined
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
      const exited = new Promise((resolve) => running.once('exit', resolve))
      running.kill('SIGKILL')
      await exited
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async start() {
      child = spawn('etcd', Object.entries(flags).map(([name, value]) => `--${name}=${value}`), { stdio: 'ignore' })
      await untilHealthy(metrics, child)
    },
    wipe: () => rm(flags['data-dir'] ?? '', { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await self.kill()
      process.off('exit', atExit)
      await rm(folder, { recursive: true, force: true })
    },
  }
  return self
}

async function tlsFlags(folder: string, tls: TestEtcdOptions['tls']): Promise<Readonly<Record<string, string>>> {
  if (tls === undefined) return {}
  for (const [name, pem] of Object.entries(tls)) await writeFile(join(folder, name), pem, { mode: 0o600 })
  return { 'trusted-ca-file': join(folder, 'ca'), 'cert-file': join(folder, 'cert'), 'key-file': join(folder, 'key'), 'client-cert-auth': 'true' }
}

async function untilHealthy(endpoint: string, etcd: ChildProcess): Promise<void> {
  const deadline = performance.now() + 120_000
  while (performance.now() < deadline) {
    if (etcd.exitCode !== null || etcd.signalCode !== null) throw new Error(`etcd at ${endpoint} ended at once: ${etcd.exitCode ?? etcd.signalCode}`)
    const healthy = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(10_000) }).then(
      async (response) => response.ok && (await response.text()).includes('true'),
      () => false,
    )
    if (healthy) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`etcd at ${endpoint} does not come up`)
}

/** Taken together, so that no two are the same. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
