import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { probeGrpc } from './grpc.ts'
import { parseHead, redirectTarget, requestText, urlOf, type ResponseHead } from './http-message.ts'
import type { HttpTarget, ProbeLimits, ProbeNetwork } from './port.ts'
import type { ProbeResult } from './threshold.ts'

const AGENT = 'kube-probe/1.36'
const MOST_REDIRECTS = 10
const MOST_HEAD_BYTES = 64 * 1024

/** Kubelet's words for what the network said. */
const DIAL_WORDS: Readonly<Record<string, string>> = { ECONNREFUSED: 'connection refused', EHOSTUNREACH: 'no route to host', ENETUNREACH: 'network is unreachable', ECONNRESET: 'connection reset by peer', ETIMEDOUT: 'i/o timeout', EADDRNOTAVAIL: 'cannot assign requested address' }

/** Probes over this process's own network: the node's, from which every pod's address is reached. */
export const systemProbeNetwork: ProbeNetwork = { http: probeHttp, tcp: probeTcp, grpc: probeGrpc }

async function probeTcp({ host, port }: { readonly host: string; readonly port: number }, limits: ProbeLimits): Promise<ProbeResult> {
  const problem = await exchange({ host, port, tls: false }, limits, (_socket, done) => done(undefined))
  if (problem === undefined) return { kind: 'success', output: '' }
  return { kind: 'failure', output: problem === TIMED_OUT ? `dial tcp ${host}:${port}: i/o timeout` : `dial tcp ${host}:${port}: ${problem}` }
}

async function probeHttp(first: HttpTarget, limits: ProbeLimits): Promise<ProbeResult> {
  let target = first
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await get(target, limits)
    if ('problem' in answer) return { kind: 'failure', output: `Get "${urlOf(target)}": ${answer.problem}` }
    if (answer.status < 300 || answer.status > 399 || answer.location === undefined) return verdict(answer)
    const next = redirectTarget(target, answer.location)
    if (next === undefined) return verdict(answer)
    if (next === 'elsewhere') return { kind: 'warning', output: 'Probe terminated redirects, Response body: ' }
    target = next
  }
  return { kind: 'warning', output: `Probe terminated redirects, stopped after ${MOST_REDIRECTS} redirects` }
}

const verdict = ({ status }: ResponseHead): ProbeResult => (status >= 200 && status < 400 ? { kind: 'success', output: '' } : { kind: 'failure', output: `HTTP probe failed with statuscode: ${status}` })

const TIMED_OUT = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'

async function get(target: HttpTarget, limits: ProbeLimits): Promise<ResponseHead | { readonly problem: string }> {
  let head: ResponseHead | undefined
  const problem = await exchange({ host: target.host, port: target.port, tls: target.scheme === 'HTTPS' }, limits, (socket, done) => {
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      const parsed = parseHead(text)
      if (parsed === 'malformed') return done(`net/http: HTTP/1.x transport connection broken: malformed HTTP response ${JSON.stringify(text.split('\n')[0] ?? '')}`)
      head = parsed
      if (head !== undefined) done(undefined)
      else if (text.length > MOST_HEAD_BYTES) done('net/http: server response headers exceeded 65536 bytes; aborted')
    })
    socket.on('end', () => done('EOF'))
    socket.write(requestText(target, AGENT), 'utf8')
  })
  if (head !== undefined) return head
  return { problem: problem === undefined ? 'EOF' : isOfDialing(problem) ? `dial tcp ${target.host}:${target.port}: ${problem}` : problem }
}

/** Whether the connection was never there: what came after says so in its own words. */
const isOfDialing = (problem: string): boolean => problem !== TIMED_OUT && problem !== 'EOF' && problem !== 'cancelled' && !/^(net\/http|http|tls|read tcp)\b/.test(problem)

interface Peer {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** Connects and hands the socket over; answers what went wrong, or undefined. The connection is cut in any case. */
function exchange(peer: Peer, { timeoutMs, signal }: ProbeLimits, talk: (socket: Socket, done: (problem: string | undefined) => void) => void): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = peer.tls ? connectTls({ host: peer.host, port: peer.port, rejectUnauthorized: false }) : connect({ host: peer.host, port: peer.port })
    const done = (problem: string | undefined): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      resolve(problem)
      socket.destroy()
    }
    const aborted = (): void => done('cancelled')
    const timer = setTimeout(() => done(TIMED_OUT), timeoutMs)
    signal.addEventListener('abort', aborted, { once: true })
    // Where it comes from is not known any more when it breaks.
    let from: string | undefined
    socket.once('connect', () => {
      from = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`
    })
    socket.once(peer.tls ? 'secureConnect' : 'connect', () => talk(socket, done))
    socket.once('error', (error: NodeJS.ErrnoException) => done(from === undefined ? dialProblem(error) : talkProblem(error, from, peer)))
  })
}

/** What went wrong once the connection was there. */
function talkProblem(error: NodeJS.ErrnoException, from: string, { host, port, tls }: Peer): string {
  if (tls && error.code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'http: server gave HTTP response to HTTPS client'
  if (tls && error.code?.startsWith('ERR_SSL') === true) return 'tls: first record does not look like a TLS handshake'
  if (tls && error.code === 'ECONNRESET') return 'EOF'
  const words = DIAL_WORDS[error.code ?? '']
  return words === undefined || tls ? dialProblem(error) : `read tcp ${from}->${host}:${port}: read: ${words}`
}

/** What stands behind `dial tcp HOST:PORT: `. */
export const dialProblem = (error: NodeJS.ErrnoException): string => {
  const words = DIAL_WORDS[error.code ?? '']
  return words === undefined ? error.message : `connect: ${words}`
}
