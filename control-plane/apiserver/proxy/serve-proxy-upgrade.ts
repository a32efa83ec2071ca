/** A client that leaves HTTP through the proxy (a WebSocket of its own with the target): from the 101 on bytes pass both ways unread. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError } from '../../../shared/kit/api-error.ts'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { ApiResponse } from '../request.ts'
import { refusal } from '../http/answers.ts'
import { IDLE_MS, idleWatch } from '../streaming/idle.ts'
import { plainError } from '../status.ts'
import { exchangeProblem, openExchange } from './exchange.ts'
import type { ProxyOptions } from './serve-proxy.ts'

export interface UpgradedClient {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  /** What came behind the request already. */
  readonly head: Buffer
}

/** Resolves when both are done; gives back an answer for the door to send when the target did not agree. */
export async function serveProxyUpgrade({ incoming, socket, head }: UpgradedClient, { target, signal, clock }: Omit<ProxyOptions, 'path'> & { readonly clock: Clock }): Promise<ApiResponse | undefined> {
  try {
    const agreed = await agreement(incoming, { target, signal })
    if (agreed.kind === 'answer') return agreed.answer
    socket.write(headText(agreed.response))
    if (agreed.head.length > 0) socket.write(agreed.head)
    if (head.length > 0) agreed.connection.write(head)
    await join(socket, agreed.connection, clock)
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return refusal(error)
    throw error
  }
}

type Agreement = { readonly kind: 'upgraded'; readonly response: IncomingMessage; readonly connection: Duplex; readonly head: Buffer } | { readonly kind: 'answer'; readonly answer: ApiResponse }

async function agreement(incoming: IncomingMessage, { target, signal }: Pick<ProxyOptions, 'target' | 'signal'>): Promise<Agreement> {
  const request = await openExchange(incoming, target, signal)
  return new Promise((resolve, reject) => {
    request.once('upgrade', (response, connection, head) => resolve({ kind: 'upgraded', response, connection, head }))
    request.once('response', (response) => {
      const status = response.statusCode ?? 0
      if (status < 400) {
        request.destroy()
        return reject(plainError(`invalid upgrade response: status code ${status}`))
      }
      const { 'content-length': _length, 'transfer-encoding': _coding, connection: _connection, ...headers } = response.headers
      const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]))
      resolve({ kind: 'answer', answer: { kind: 'stream', status, headers: texts, chunks: response as AsyncIterable<Buffer> } })
    })
    request.on('error', (error: NodeJS.ErrnoException) => reject(exchangeProblem(error)))
    request.end()
  })
}

function headText({ rawHeaders, statusMessage }: IncomingMessage): string {
  const lines = Array.from({ length: rawHeaders.length / 2 }, (_, index) => `${rawHeaders[index * 2]}: ${rawHeaders[index * 2 + 1]}`)
  return [`HTTP/1.1 101 ${statusMessage || 'Switching Protocols'}`, ...lines, '', ''].join('\r\n')
}

/** Until both have ended, one breaks, or neither says anything for too long. */
function join(client: Duplex, target: Duplex, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      idle.stop()
      client.destroy()
      target.destroy()
      resolve()
    }
    const idle = idleWatch(clock, IDLE_MS, end)
    for (const [from, to] of [[client, target], [target, client]] as const) {
      from.on('data', idle.heard)
      from.on('error', end)
      from.on('close', end)
      from.pipe(to)
    }
  })
}
