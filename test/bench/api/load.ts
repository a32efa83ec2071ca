/** A client that asks many times at once, and how quickly it was answered. */
import { Agent, request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'

export interface Target {
  readonly url: string
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

export interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Client extends Disposable {
  ask(asked: Asked): Promise<{ readonly status: number; readonly bytes: Buffer }>
  /** Only counts what comes. */
  count(asked: Asked): Promise<{ readonly status: number }>
  /** An answer that goes on, on a connection of its own. */
  follow(path: string, onText: (text: string) => void): Promise<Disposable>
}

export function createClient(target: Target): Client {
  const { hostname, port } = new URL(target.url)
  const tls = { ca: target.ca, ...(target.cert !== undefined && { cert: target.cert }), ...(target.key !== undefined && { key: target.key }) }
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ...tls })
  const alone = new Agent({ keepAlive: false, ...tls })
  const open = ({ method, path, body, headers = {} }: Asked, through: Agent): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const sent = { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }), ...headers }
      const asked = httpsRequest({ host: hostname, port, path, method, agent: through, headers: sent }, resolve)
      asked.on('error', reject)
      asked.end(body)
    })
  return {
    async ask(asked) {
      const response = await open(asked, agent)
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part as Buffer)
      return { status: response.statusCode ?? 0, bytes: Buffer.concat(parts) }
    },
    async count(asked) {
      const response = await open(asked, agent)
      return new Promise((resolve, reject) => response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0 })).resume())
    },
    async follow(path, onText) {
      const response = await open({ method: 'GET', path }, alone)
      response.setEncoding('utf8').on('data', onText).on('error', () => {})
      return { [Symbol.dispose]: () => void response.destroy() }
    },
    [Symbol.dispose]() {
      agent.destroy()
      alone.destroy()
    },
  }
}

export interface Rate {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface Load {
  readonly count: number
  /** How many are under way at a time. */
  readonly width: number
  one(index: number): Promise<{ readonly status: number }>
}

export async function rateOf({ count, width, one }: Load): Promise<Rate> {
  const times: number[] = []
  let next = 0
  const startMs = performance.now()
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const askedMs = performance.now()
      const { status } = await one(index)
      if (status < 200 || status > 299) throw new Error(`request ${index} was answered with ${status}`)
      times.push(performance.now() - askedMs)
    }
  }
  await Promise.all(Array.from({ length: width }, work))
  return rated(times, (performance.now() - startMs) / 1000)
}

export function rated(times: readonly number[], seconds: number): Rate {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN
  return { perSecond: times.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}
