import { linesOf } from '../../shared/kit/rest-client.ts'
import { isStatusProblem, statusText } from '../cluster/status-problem.ts'
import type { Call } from '../program/command.ts'
import type { Container } from './containers.ts'

type Query = Readonly<Record<string, string | undefined>>

/** One after another; when following, all at once. Answers the exit code. */
export async function printLogs(call: Call, containers: readonly Container[], query: Query): Promise<number> {
  if (call.flags.is('follow')) {
    const codes = await Promise.all(containers.map((container) => printLog(call, container, query)))
    return Math.max(0, ...codes)
  }
  for (const container of containers) {
    const code = await printLog(call, container, query)
    if (code !== 0) return code
  }
  return 0
}

async function printLog(call: Call, { namespace, pod, container }: Container, query: Query): Promise<number> {
  const cluster = await call.cluster()
  const prefix = call.flags.is('prefix') ? `[pod/${pod}/${container}] ` : ''
  try {
    const { chunks } = await cluster.stream({ path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`, query: { ...query, container }, headers: { accept: '*/*' }, ...(call.flags.is('follow') ? { signal: call.signal } : {}) })
    await show(call, chunks as AsyncIterable<Buffer>, prefix)
    return 0
  } catch (error) {
    if (call.flags.is('follow') && call.signal.aborted) return 0
    if (!isStatusProblem(error) || !call.flags.is('ignore-errors')) throw error
    call.terminal.err(`${statusText(error)}\n`)
    return 0
  }
}

/** As it comes, bytes unchanged, unless each line gets something before it. */
async function show({ terminal, flags, ...call }: Call, chunks: AsyncIterable<Buffer>, prefix: string): Promise<void> {
  try {
    if (prefix === '') for await (const chunk of chunks) terminal.bytes(chunk)
    else for await (const line of linesOf(chunks)) terminal.out(`${prefix}${line}\n`)
  } catch (error) {
    if (!flags.is('follow') || !call.signal.aborted) throw error
  }
}
