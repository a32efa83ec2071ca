import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { PodNetwork } from '../../node-agent/network/port.ts'
import { Fault, type FaultCode } from '../../shared/kit/faults.ts'

const run = promisify(execFile)
const agentScript = join(dirname(fileURLToPath(import.meta.url)), 'network-agent.ts')

/** A script, with its output; throws where it fails. */
export async function shell(script: string): Promise<string> {
  return (await run('sh', ['-euc', script])).stdout
}

/** Throw-away machines, each a network namespace on one bridge: addresses 198.18.N.x. Everything is gone when disposed. */
export interface NetworkLab extends AsyncDisposable {
  readonly folder: string
  machine(name: string, address: string): Promise<Machine>
}

export interface Machine {
  readonly address: string
  /** Runs a script inside. */
  shell(script: string): Promise<string>
  /** An agent's network in here. Its sandboxes outlive it. */
  agent(runFolder: string, variant?: 'calls' | 'programs'): Agent
}

export interface Agent {
  readonly network: PodNetwork
  /** How long the last call took inside, ms. */
  lastMs(): number
  /** As a crash: SIGKILL. */
  kill(): Promise<void>
}

let labs = 0

/** Not the process's number, which another may have had: what was left of one that was killed is not met. */
const RUN = randomUUID().slice(0, 6)

/** Of this process and lab alone. A link's name has 15 letters at most, of which a machine's takes one. */
const nextTag = (): string => `gtt${RUN}-${(labs++).toString(36)}-`

/** The kernel takes a link down in its own time after its namespace is gone. */
async function untilGone(tag: string): Promise<void> {
  for (let round = 0; round < 2_400; round++) {
    if (!(await shell('ip -o link')).includes(` ${tag}`)) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`links of ${tag} do not leave`)
}

export async function openLab(): Promise<NetworkLab> {
  const tag = nextTag()
  const folder = await mkdtemp(join(tmpdir(), 'gantry-network-'))
  const agents = new Set<Agent>()
  const machines: string[] = []
  await shell(`ip link add ${tag} type bridge; ip link set ${tag} up`)
  return {
    folder,
    async machine(name, address) {
      const netns = `${tag}${name}`
      const link = `${tag}${name}`
      machines.push(netns)
      await shell(`ip netns add ${netns}
        ip link add ${link} type veth peer name eth0 netns ${netns}
        ip link set ${link} master ${tag} up
        ip -n ${netns} address add ${address}/16 dev eth0
        ip -n ${netns} link set eth0 up
        ip -n ${netns} link set lo up`)
      const inside = (script: string): Promise<string> => shell(`nsenter --net=/run/netns/${netns} sh -euc '${script.replaceAll("'", "'\\''")}'`)
      return {
        address,
        shell: inside,
        agent(runFolder, variant = 'calls') {
          const agent = startAgent(`/run/netns/${netns}`, [runFolder, variant])
          agents.add(agent)
          return agent
        },
      }
    },
    async [Symbol.asyncDispose]() {
      for (const agent of agents) await agent.kill()
      await shell(`for at in $(grep -o "${folder}/[^ ]*" /proc/mounts); do umount -l $at; done`)
      for (const netns of machines) await shell(`for pid in $(ip netns pids ${netns}); do kill -9 $pid; done; ip netns delete ${netns}`).catch(() => {})
      await shell(`ip link delete ${tag}`)
      await untilGone(tag)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
  readonly code?: FaultCode
  readonly ms?: number
}

function startAgent(netns: string, args: readonly string[]): Agent {
  const child = spawn('nsenter', [`--net=${netns}`, process.execPath, agentScript, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, (answer: Answer) => void>()
  let next = 0
  let lastMs = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer
    lastMs = answer.ms ?? lastMs
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  child.once('exit', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the agent was killed', code: 'unavailable' })
  })
  const call = (verb: string, callArgs: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = next++
      waiting.set(id, ({ value, error, code }) => (error === undefined ? resolve(value) : reject(new Fault(code ?? 'internal', error))))
      child.stdin.write(`${JSON.stringify({ id, verb, args: callArgs })}\n`)
    })
  const network = new Proxy({} as PodNetwork, { get: (_, verb) => (verb === 'then' ? undefined : (...callArgs: readonly unknown[]) => call(String(verb), callArgs)) })
  return { network, lastMs: () => lastMs, kill: () => endOf(child) }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGKILL')
  await ended
}
