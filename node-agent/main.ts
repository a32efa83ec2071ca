/**
 * The agent as a process: `agent --config FILE`. The keeper of the node's lease is started before anything else is loaded: after a restart the time until the first
 * sign of life is time that the lease runs.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseAgentConfig, portsOf, type AgentConfig } from './config.ts'
import { ownerOf } from './fencing/deadlines.ts'
import { startKeeper, type KeeperThread } from './fencing/worker.ts'
import { holdAlone } from './host/hold-alone.ts'
import { knownIdentity } from './known-identity.ts'
import { lifeIdOf } from './life-id.ts'
import type { TlsFiles } from '../proto/rpc.ts'
import { systemClock as clock } from '../shared/kit/clock.ts'
import { Fault, messageOf } from '../shared/kit/faults.ts'
import { createLog, type Log } from '../shared/kit/log.ts'
import { keepTrimmed } from '../shared/kit/native-memory.ts'
import { beginCollection } from '../shared/kit/spare-memory.ts'

async function readConfig(): Promise<AgentConfig> {
  const at = process.argv.indexOf('--config')
  const file = at < 0 ? undefined : process.argv[at + 1]
  if (file === undefined) throw new Fault('invalid', 'usage: agent --config FILE')
  return parseAgentConfig(await readFile(file, 'utf8'), file)
}

interface KeeperOf {
  readonly config: AgentConfig
  readonly folder: string
  readonly lifeId: string
  readonly log: Log
}

const keeperOf = ({ config, folder, lifeId, log }: KeeperOf, identity: TlsFiles): KeeperThread =>
  startKeeper({
    nodeName: config.nodeName,
    bootId: lifeId,
    peerHost: config.address,
    peerPort: config.peerPort,
    controlPlanes: config.server.map((server) => portsOf(server).heartbeats).map(({ host, port }) => `${host}:${port}`),
    folder,
    identity,
    clock,
    log,
  })

/** After a start; and how much work of an agent leaves garbage that is worth a collection: that of some five pods that start, or of half a minute in which a hundred are only watched. */
const SETTLED_MS = 10_000
const LOAD_MS_PER_MEGABYTE = 8

async function main(): Promise<void> {
  const config = await readConfig()
  const log = createLog({ component: 'agent', node: config.nodeName })
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Fault('cancelled', `stopped by ${signal}`)))
  const folder = `${config.runDir}/fencing`
  // Two that write one deadline would have each other's pods killed.
  using _alone = await holdAlone(`gantry-agent:${resolve(config.runDir)}`, `another agent runs on this machine with the run folder ${config.runDir}: stop that one first ("nodeName", "stateDir", "runDir", "address" and "peerPort" are an agent's own)`)
  const [bootId, identity] = await Promise.all([readFile(config.bootIdFile, 'utf8').then((text) => text.trim()), knownIdentity(config, clock), mkdir(folder, { recursive: true })])
  const lifeId = await lifeIdOf(bootId, folder)
  // Of a machine that was another node everything must be gone first.
  const isFree = (ownerOf(folder) ?? config.nodeName) === config.nodeName
  const of = { config, folder, lifeId, log }
  const keeper = identity && isFree ? keeperOf(of, identity) : undefined
  const { runAgent } = await import('./run.ts')
  let cancelGiving = clock.after(SETTLED_MS, () => {
    cancelGiving = keepTrimmed({ clock, collect: beginCollection, loadMsPerMegabyte: LOAD_MS_PER_MEGABYTE })
  })
  await runAgent({ config, folder, lifeId, log, keeper, startKeeper: (own) => keeperOf(of, own) }, stop.signal).finally(() => cancelGiving())
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`agent: ${error instanceof Fault ? error.message : error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`)
    process.exit(1)
  },
)
