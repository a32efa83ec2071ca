/** A node's right to run pods with real parts: agents as processes, heartbeats over TLS, a fencer outside the agent, control groups of the kernel. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { startHeartbeatThread, type HeartbeatThread } from '../../control-plane/heartbeats/worker.ts'
import type { NodeSight } from '../../control-plane/heartbeats/port.ts'
import { endFencer, ensureFencer } from '../../node-agent/fencing/fencer.ts'
import { createGuard } from '../../node-agent/fencing/fencing.ts'
import { unlimitedRight } from '../../node-agent/fencing/port.ts'
import { takeKillReports } from '../../node-agent/fencing/kill-reports.ts'
import type { TlsFiles } from '../../proto/rpc.ts'
import { systemClock as clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createAuthority, issueCertificate, type Identity } from '../../shared/kit/pki.ts'
import { termsForLease, type FencingTerms } from '../../shared/model/fencing-terms.ts'
import type { FencerAgentOptions } from './fencer-agent.ts'

const ROOT = '/sys/fs/cgroup'
const VERSION = statfsSync(ROOT).type === 0x63677270 ? 2 : 1
const PARENT = `gantry-fencer-${process.pid}`
/** Its agents' addresses on loopback: of this process alone. */
const NETWORK = `127.${64 + ((process.pid >> 8) % 64)}.${process.pid % 256}`
const HIERARCHIES = VERSION === 2 ? [ROOT] : [`${ROOT}/memory`, `${ROOT}/freezer`]

vi.setConfig({ testTimeout: 240_000 })

let authority: Identity
let plane: HeartbeatThread
let folder = ''
const sights = new Map<string, { readonly sight: NodeSight; readonly atMs: number }>()
const agents: Agent[] = []
const processes = new Set<number>()

interface Agent {
  readonly name: string
  readonly child: ChildProcess
  readonly says: Array<{ readonly kind: string; readonly mayRun?: boolean; readonly pid?: number }>
  readonly folder: string
  right(): string | undefined
}

const filesOf = ({ certificatePem, privateKeyPem }: Identity): TlsFiles => ({ ca: authority.certificatePem, cert: certificatePem, key: privateKeyPem })
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function until(condition: () => boolean, ms = 60_000): Promise<void> {
  for (const endMs = clock.monotonicMs() + ms; !condition(); await pause(5)) if (clock.monotonicMs() > endMs) throw new Error(`it did not come to that: ${JSON.stringify([...sights].concat(agents.map((agent) => [agent.name, agent.says.at(-1)] as never)))}`)
}

function groupOf(node: string, pod: string): string {
  return `${PARENT}/${node}/pod${pod}/c1`
}

/** A process that does nothing, in the group of a pod of a node. */
async function runPod(node: string, pod: string, command = 'exec sleep 600'): Promise<number> {
  for (const root of HIERARCHIES) mkdirSync(join(root, groupOf(node, pod)), { recursive: true })
  const moves = HIERARCHIES.map((root) => `echo $$ > ${join(root, groupOf(node, pod), 'cgroup.procs')}`)
  const child = spawn('sh', ['-c', [...moves, command].join('\n')], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  processes.add(pid)
  child.once('exit', () => processes.delete(pid))
  await until(() => processesOf(node, pod).includes(pid) || !processes.has(pid))
  return pid
}

const processesOf = (node: string, pod: string): readonly number[] => {
  const file = join(HIERARCHIES[0] ?? ROOT, groupOf(node, pod), 'cgroup.procs')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map(Number) : []
}

const identities = new Map<string, Promise<TlsFiles>>()
function identityOf(name: string): Promise<TlsFiles> {
  const known = identities.get(name) ?? issueCertificate(authority, { commonName: `system:node:${name}`, organizations: ['system:nodes'], usages: ['client', 'server'], clock }).then(filesOf)
  identities.set(name, known)
  return known
}

async function startAgent(name: string, change: Partial<FencerAgentOptions> = {}): Promise<Agent> {
  const runFolder = change.folder ?? join(folder, name)
  mkdirSync(runFolder, { recursive: true })
  for (const root of HIERARCHIES) mkdirSync(join(root, PARENT, name), { recursive: true })
  const options: FencerAgentOptions = {
    nodeName: name,
    bootId: 'boot-1',
    peerHost: `${NETWORK}.${name.slice(1)}`,
    controlPlanes: [`127.0.0.1:${plane.ports[0]}`],
    folder: runFolder,
    identity: await identityOf(name),
    version: VERSION,
    parent: `${PARENT}/${name}`,
    exempt: [],
    ...change,
  }
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'fencer-agent.ts'), JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const agent: Agent = { name, child, says: [], folder: runFolder, right: () => agent.says.findLast(({ kind }) => kind !== 'fencer')?.kind }
  let rest = ''
  child.stdout?.on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString()).split('\n')
    rest = lines.pop() ?? ''
    agent.says.push(...lines.map((line) => JSON.parse(line) as Agent['says'][number]))
  })
  agents.push(agent)
  await until(() => agent.says.some(({ kind }) => kind === 'fencer'))
  return agent
}

/** Programs start slowly from their sources, and tests share the host with others. */
const TERMS = termsForLease(3_000)

const lead = (members: readonly string[], terms: FencingTerms = TERMS): void => {
  sights.clear()
  plane.lead({ inUse: [{ epoch: 1, members, terms }], fenced: [], admitted: members.map((nodeName) => ({ nodeName, bootId: 'boot-1' })) })
  plane.mayAckUntil(clock.monotonicMs() + 3_600_000)
  for (const name of members) plane.setSession(name, true)
}

/** Three agents that are acked. */
async function three({ exempt = [], terms = TERMS }: { readonly exempt?: readonly string[]; readonly terms?: FencingTerms } = {}): Promise<readonly [Agent, Agent, Agent]> {
  lead(['n1', 'n2', 'n3'], terms)
  const started = await Promise.all([startAgent('n1', { exempt }), startAgent('n2'), startAgent('n3')])
  await until(() => started.every((agent) => agent.right() === 'held') && ['n1', 'n2', 'n3'].every((name) => sights.get(name)?.sight.kind === 'seen'))
  return started as unknown as readonly [Agent, Agent, Agent]
}

beforeAll(async () => {
  authority = await createAuthority({ clock })
  const own = filesOf(await issueCertificate(authority, { commonName: 'gantry-control-plane', organizations: [], usages: ['server', 'client'], dnsNames: ['kubernetes'], clock }))
  plane = await startHeartbeatThread({ addresses: [{ host: '127.0.0.1', port: 0 }], tls: own, clock, log: silentLog })
  plane.listen({ onSight: (name, sight) => void sights.set(name, { sight, atMs: clock.monotonicMs() }), onEpochAcked: () => {}, onVision: () => {}, onRestart: () => {} })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-fencer-'))
})
afterEach(async () => {
  plane.follow()
  await Promise.all(agents.map(kill))
  await Promise.all(readdirSync(folder).map((name) => endFencer(join(folder, name))))
  agents.length = 0
  for (const pid of processes) process.kill(pid, 'SIGKILL')
  await until(() => processes.size === 0)
  for (const root of HIERARCHIES) await removeGroups(join(root, PARENT))
  rmSync(folder, { recursive: true, force: true })
})
afterAll(async () => {
  await plane[Symbol.asyncDispose]()
})

/** The kernel holds a group for a moment longer than its last process. */
const removeGroups = (path: string): Promise<void> =>
  vi.waitFor(
    () => {
      if (existsSync(path)) removeTree(path)
    },
    { timeout: 60_000, interval: 20 },
  )

function removeTree(group: string): void {
  for (const entry of readdirSync(group, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(group, entry.name))
  rmdirSync(group)
}

/** Resolves when it has ended: until then it may still write. */
async function kill({ child }: Agent): Promise<void> {
  child.kill('SIGKILL')
  await until(() => child.exitCode !== null || child.signalCode !== null)
}

test('an agent that is stopped: its pods die by the fencer before it is judged, exempt ones are spared', async () => {
  const [one] = await three({ exempt: ['spared'] })
  await Promise.all([runPod('n1', 'a'), runPod('n1', 'b', 'sh -c "sleep 600 & sleep 600 & wait" & wait'), runPod('n1', 'spared'), runPod('n2', 'other')])
  one.child.kill('SIGSTOP')
  await until(() => processesOf('n1', 'a').length === 0 && processesOf('n1', 'b').length === 0)
  await until(() => sights.get('n1')?.sight.kind === 'fenced')
  expect([processesOf('n1', 'spared').length, processesOf('n2', 'other').length]).toEqual([1, 1])
  const report = await vi.waitUntil(async () => (await takeKillReports(one.folder))[0], { timeout: 60_000 })
  expect(report).toMatchObject({ pods: 2 })
  // By the fencer's own word: this process may hear of it when it is over.
  expect(report.doneMs).toBeLessThan(sights.get('n1')?.atMs ?? 0)
  // On time by itself; how soon the killed are gone is for the processors to say, which here others want too.
  expect(report.beganMs - report.killAtMs).toBeLessThan(TERMS.killMs)
  // It runs on: what it does not know yet must not start anything again.
  one.child.kill('SIGCONT')
  await until(() => one.right() === 'ended')
  await runPod('n1', 'late')
  await until(() => processesOf('n1', 'late').length === 0)
})

test('an agent that is killed and started again within the lease: nothing is killed, and the same fencer goes on', async () => {
  const [one] = await three({ terms: termsForLease(60_000) })
  await runPod('n1', 'a')
  const fencer = one.says.find(({ kind }) => kind === 'fencer')?.pid
  for (let round = 0; round < 3; round++) {
    for (const agent of agents.filter(({ name }) => name === 'n1')) await kill(agent)
    const again = await startAgent('n1')
    expect(again.says.find(({ kind }) => kind === 'fencer')?.pid).toBe(fencer)
    await until(() => again.right() === 'held')
    await pause(300)
  }
  expect(processesOf('n1', 'a')).toHaveLength(1)
  expect(await takeKillReports(one.folder)).toEqual([])
})

test('the control plane is away: agents that reach one another keep their pods, one that is killed loses them', async () => {
  const [one, two, three_] = await three()
  await Promise.all([runPod('n1', 'a'), runPod('n2', 'a'), runPod('n3', 'a')])
  plane.follow()
  await until(() => [one, two, three_].every((agent) => agent.right() === 'kept'))
  await pause(3_000)
  expect(['n1', 'n2', 'n3'].map((name) => processesOf(name, 'a').length)).toEqual([1, 1, 1])
  three_.child.kill('SIGKILL')
  await until(() => processesOf('n3', 'a').length === 0)
  await pause(2_000)
  expect(['n1', 'n2'].map((name) => processesOf(name, 'a').length)).toEqual([1, 1])
  lead(['n1', 'n2', 'n3'])
  await until(() => one.right() === 'held' && two.right() === 'held')
  expect(['n1', 'n2'].map((name) => processesOf(name, 'a').length)).toEqual([1, 1])
})

test('before anything was granted, and after another boot, what runs is killed', async () => {
  await runPod('n1', 'a')
  const one = await startAgent('n1')
  await until(() => processesOf('n1', 'a').length === 0)
  lead(['n1'])
  await until(() => one.right() === 'held')
  await runPod('n1', 'a')
  await kill(one)
  await startAgent('n1', { bootId: 'boot-2', controlPlanes: [] })
  await until(() => processesOf('n1', 'a').length === 0)
})

test('whoever forks faster than it dies does not live on', async () => {
  const [one] = await three()
  await runPod('n1', 'bomb', 'f() { while :; do sleep 0.01 & done; }; f & f & f & wait')
  await until(() => processesOf('n1', 'bomb').length > 5)
  one.child.kill('SIGKILL')
  await until(() => processesOf('n1', 'bomb').length === 0)
  await pause(300)
  expect(processesOf('n1', 'bomb')).toEqual([])
})

test('a deadline that cannot be read kills nobody', async () => {
  lead(['n1'])
  const one = await startAgent('n1')
  await until(() => one.right() === 'held')
  await runPod('n1', 'a')
  await kill(one)
  const farMs = Math.floor(clock.monotonicMs()) + 3_600_000
  writeFileSync(join(one.folder, 'deadline'), `${farMs} ${farMs} 0\n`)
  await pause(700)
  for (const text of ['', '17', '17 18 0\n', 'x x 0\n', '1']) {
    writeFileSync(join(one.folder, 'deadline'), text)
    await pause(600)
  }
  rmSync(join(one.folder, 'deadline'))
  await pause(700)
  expect(processesOf('n1', 'a')).toHaveLength(1)
})

test('nothing may be started while no fencer runs, and that is told once', async () => {
  const told: string[] = []
  const runFolder = join(folder, 'n1')
  // A program cannot be put where a folder is.
  mkdirSync(join(runFolder, 'fencer.sh/taken'), { recursive: true })
  writeFileSync(join(runFolder, 'deadline'), '')
  const guard = createGuard({ folder: runFolder, version: VERSION, pods: join(ROOT, PARENT), keeper: { ...unlimitedRight, ready: Promise.resolve(), killMs: 200 }, onStopped: () => {}, onUnguarded: (message) => void told.push(message), clock, log: silentLog })
  const over = new AbortController()
  const running = guard.run(over.signal)
  let isTold = false
  guard.right.onChange(() => void (isTold = guard.right.mayRun()))
  await until(() => told.length > 0)
  // It is looked again, and said no more.
  await pause(2_500)
  expect([guard.right.mayRun(), told]).toEqual([false, [expect.stringMatching(/^no fencer runs, so no container is started .*fencer\.sh/)]])
  rmSync(join(runFolder, 'fencer.sh'), { recursive: true })
  await until(() => isTold)
  expect(guard.right.mayRun()).toBe(true)
  over.abort()
  await running
})

/** As Linux before 5.14 has them; a folder that looks like one is enough to see what the fencer does with it. */
test('groups of version 2 that have no cgroup.kill are killed process by process', async () => {
  const pods = join(folder, 'pods')
  mkdirSync(join(pods, 'poda/c1'), { recursive: true })
  mkdirSync(join(folder, 'n1'))
  writeFileSync(join(folder, 'n1/deadline'), '1 1 0\n')
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  processes.add(child.pid ?? 0)
  child.once('exit', () => processes.delete(child.pid ?? 0))
  writeFileSync(join(pods, 'poda/cgroup.events'), 'populated 1\nfrozen 0\n')
  writeFileSync(join(pods, 'poda/cgroup.procs'), '')
  writeFileSync(join(pods, 'poda/c1/cgroup.procs'), `${child.pid}\n`)
  await ensureFencer({ folder: join(folder, 'n1'), version: 2, pods, clock, log: silentLog })
  await until(() => child.signalCode === 'SIGKILL')
})
