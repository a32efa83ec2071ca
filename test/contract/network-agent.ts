/** Runs one node's pod network in the network namespace it is started in: requests and answers are JSON lines on the standard streams. */
import { createInterface } from 'node:readline'
import { argv, stdin, stdout } from 'node:process'
import { createPodNetwork, type PodNetwork } from '../../node-agent/network/network.ts'
import { programOnlyNetns } from '../../node-agent/host/netns.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import { createLog } from '../../shared/kit/log.ts'

const [runFolder = '', variant = 'calls'] = argv.slice(2)
const network = await createPodNetwork({ runFolder, log: createLog({ part: 'network test' }, 'warn'), clock: systemClock, ...(variant === 'programs' ? { netns: programOnlyNetns() } : {}) })

interface Request {
  readonly id: number
  readonly verb: keyof PodNetwork
  readonly args: readonly unknown[]
}

const call = network as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>

for await (const line of createInterface({ input: stdin })) {
  const { id, verb, args } = JSON.parse(line) as Request
  void (async () => {
    try {
      const started = performance.now()
      const value = await call[verb]?.apply(network, [...args])
      stdout.write(`${JSON.stringify({ id, value, ms: performance.now() - started })}\n`)
    } catch (error) {
      stdout.write(`${JSON.stringify({ id, error: messageOf(error), code: (error as { readonly code?: string }).code })}\n`)
    }
  })()
}
