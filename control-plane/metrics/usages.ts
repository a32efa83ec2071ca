/** What nodes use now, as their agents measure it. */
import { request as httpRequest } from 'node:http'
import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { NODE_USAGE_PAGE, type NodeUsageReport } from '../../shared/model/node-usage.ts'
import { nodeConnection } from '../apiserver/proxy/node-connection.ts'
import { dialNode } from '../apiserver/subresources/proxy-target.ts'
import type { NodeStreams } from '../dispatch/port.ts'
import { MOST_REPORT_BYTES, readReport } from './report.ts'

/** What the node said, or nothing where it said nothing in time. */
export type NodeUsages = (nodeName: string) => Promise<NodeUsageReport | undefined>

export interface NodeUsagesOptions {
  readonly nodeStreams: NodeStreams
  readonly clock: Clock
  readonly log: Log
}

/** One node that hangs does not keep what the others said. */
const ANSWER_MS = 2_000
/** Those who ask within this time are told the same. */
const SHARED_MS = 1_000

export function nodeUsages(options: NodeUsagesOptions): NodeUsages {
  const { clock } = options
  const asked = new Map<string, ReturnType<NodeUsages>>()
  return (nodeName) => {
    const known = asked.get(nodeName)
    if (known) return known
    const report = ask(nodeName, options).catch((error: unknown) => {
      options.log.info({ node: nodeName, err: messageOf(error) }, 'a node told nothing of what it uses')
      return undefined
    })
    asked.set(nodeName, report)
    clock.after(SHARED_MS, () => asked.delete(nodeName))
    return report
  }
}

async function ask(nodeName: string, { nodeStreams, clock }: NodeUsagesOptions): Promise<NodeUsageReport> {
  const limit = new AbortController()
  const cancel = clock.after(ANSWER_MS, () => limit.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)))
  const { signal } = limit
  try {
    const connection = nodeConnection(await dialNode({ streams: nodeStreams, nodeName, request: { pod: undefined, port: 0 }, clock }, signal))
    try {
      return readReport(await textOf(connection, signal))
    } finally {
      connection.destroy()
    }
  } finally {
    cancel()
  }
}

function textOf(connection: ReturnType<typeof nodeConnection>, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ path: NODE_USAGE_PAGE, headers: { host: 'node' }, signal, createConnection: () => connection }, (response) => {
      const read = async (): Promise<string> => {
        if (response.statusCode !== 200) throw new Error(`the node answered ${response.statusCode ?? 0}`)
        const parts: Buffer[] = []
        let bytes = 0
        for await (const part of response as AsyncIterable<Buffer>) {
          bytes += part.length
          if (bytes > MOST_REPORT_BYTES) throw new Error(`the node answered more than ${MOST_REPORT_BYTES} bytes`)
          parts.push(part)
        }
        return Buffer.concat(parts).toString()
      }
      void read().then(resolve, reject)
    })
    request.on('error', reject)
    // Else nobody would be told of such an answer, not even when the time is over.
    request.on('upgrade', () => reject(new Error('the node wants to speak another protocol')))
    request.end()
  })
}
