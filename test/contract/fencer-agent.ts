/** An agent that has nothing but its keeper and its fencer: says on standard output what it may do. For fencer.test.ts. */
import { ensureFencer, podGroups } from '../../node-agent/fencing/fencer.ts'
import { DeadlineFiles } from '../../node-agent/fencing/deadlines.ts'
import { startKeeper } from '../../node-agent/fencing/worker.ts'
import type { TlsFiles } from '../../proto/rpc.ts'
import { systemClock as clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'

export interface FencerAgentOptions {
  readonly nodeName: string
  readonly bootId: string
  readonly peerHost: string
  readonly controlPlanes: readonly string[]
  readonly folder: string
  readonly identity: TlsFiles
  readonly version: 1 | 2
  /** Below which the groups of its pods are. */
  readonly parent: string
  readonly exempt: readonly string[]
}

const options = JSON.parse(process.argv[2] ?? '{}') as FencerAgentOptions
const keeper = startKeeper({ ...options, peerPort: 6447, clock, log: silentLog })
const say = (): void => void process.stdout.write(`${JSON.stringify({ ...keeper.right(), mayRun: keeper.mayRun() })}\n`)
keeper.onChange(say)
await keeper.ready
new DeadlineFiles(options.folder).setExempt(options.exempt)
const { pid } = await ensureFencer({ folder: options.folder, ...podGroups(options.version, options.parent), clock, log: silentLog })
process.stdout.write(`${JSON.stringify({ kind: 'fencer', pid })}\n`)
