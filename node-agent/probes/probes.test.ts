import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startContainerProbes } from './container-probes.ts'
import { parseHead, requestText, type ResponseHead } from './http-message.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { systemProbeNetwork } from './network.ts'
import type { HttpTarget } from './port.ts'
import { startProber } from './prober.ts'
import { countResult, type ProbeCount, type ProbeResult } from './threshold.ts'

const servers = new Set<Server>()
afterEach(() => {
  for (const server of servers) server.close()
  servers.clear()
})

/** A server that answers by path; tells what it was asked. */
async function serve(answers: Readonly<Record<string, string>>): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      asked.push(bytes.toString())
      socket.end(answers[bytes.toString().split(' ')[1] ?? ''] ?? 'HTTP/1.1 404 No\r\n\r\n')
    })
  })
  servers.add(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, asked }
}
const target = (port: number, path: string): HttpTarget => ({ scheme: 'HTTP', host: '127.0.0.1', port, path, headers: [] })
const limits = { timeoutMs: 1000, signal: new AbortController().signal }

test('the request: names in order, one given twice twice, the part behind # kept back', () => {
  const headers = [{ name: 'x-b', value: '1' }, { name: 'accept', value: 'x/y' }, { name: 'X-B', value: '2' }, { name: 'Host', value: '' }]
  expect(requestText({ ...target(8080, '/a?b=c#d'), headers }, 'kube-probe/1.36')).toBe('GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: kube-probe/1.36\r\nAccept: x/y\r\nX-B: 1\r\nX-B: 2\r\nConnection: close\r\n\r\n')
})

test('the request: defaults, canonical names, a path as written', () => {
  expect(requestText({ ...target(8080, '/check?x=1&y=a b'), headers: [{ name: 'X-One', value: '1' }, { name: 'x-two', value: 'two words' }] }, 'kube-probe/1.36').split('\r\n').sort()).toEqual(['', '', 'Accept: */*', 'Connection: close', 'GET /check?x=1&y=a b HTTP/1.1', 'Host: 127.0.0.1:8080', 'User-Agent: kube-probe/1.36', 'X-One: 1', 'X-Two: two words'])
  expect(requestText({ ...target(8080, '/'), headers: [{ name: 'Host', value: 'name.example' }, { name: 'User-Agent', value: 'mine/1' }, { name: 'Accept', value: '' }] }, 'kube-probe/1.36').split('\r\n').sort()).toEqual(['', '', 'Connection: close', 'GET / HTTP/1.1', 'Host: name.example', 'User-Agent: mine/1'])
})

test.each<readonly [string, ResponseHead | 'malformed' | undefined]>([
  ['HTTP/1.1 200 OK\r\nLocation: /x\r\n\r\nbody', { status: 200, location: '/x' }],
  ['HTTP/1.0 404 Not Found\n\n', { status: 404 }],
  ['HTTP/1.1 200 OK\r\nA', undefined],
  ['hello there', 'malformed'],
])('the head of %j', (text, head) => {
  expect(parseHead(text)).toEqual(head)
})

test('http: 2xx and 3xx pass, others fail in kubelet’s words', async () => {
  const { port } = await serve({ '/ok': 'HTTP/1.1 200 OK\r\n\r\n', '/odd': 'HTTP/1.1 399 Odd\r\n\r\n', '/bad': 'HTTP/1.1 500 Oops\r\n\r\n', '/dir': 'HTTP/1.1 302 Found\r\nLocation: /ok\r\n\r\n', '/away': 'HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9/\r\n\r\n', '/lost': 'HTTP/1.1 302 Found\r\nLocation: /none\r\n\r\n' })
  const probe = (path: string): Promise<ProbeResult> => systemProbeNetwork.http(target(port, path), limits)
  expect((await Promise.all(['/ok', '/odd', '/dir', '/away'].map(probe))).map(({ kind }) => kind)).toEqual(['success', 'success', 'success', 'warning'])
  expect(await probe('/bad')).toEqual({ kind: 'failure', output: 'HTTP probe failed with statuscode: 500' })
  expect(await probe('/lost')).toEqual({ kind: 'failure', output: 'HTTP probe failed with statuscode: 404' })
})

test('a port nobody listens on, a server that says nothing', async () => {
  const server = createServer(() => {})
  servers.add(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(await systemProbeNetwork.http(target(port, '/'), { ...limits, timeoutMs: 50 })).toEqual({ kind: 'failure', output: `Get "http://127.0.0.1:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)` })
  expect(await systemProbeNetwork.tcp({ host: '127.0.0.1', port }, limits)).toEqual({ kind: 'success', output: '' })
  server.close()
  servers.delete(server)
  const closed = await serve({})
  const [last] = [...servers]
  await new Promise<void>((resolve) => void last?.close(() => resolve()))
  expect(await systemProbeNetwork.tcp({ host: '127.0.0.1', port: closed.port }, limits)).toEqual({ kind: 'failure', output: `dial tcp 127.0.0.1:${closed.port}: connect: connection refused` })
})

test('TLS asked of a server that has none, a connection that breaks', async () => {
  const { port } = await serve({})
  expect(await systemProbeNetwork.http({ ...target(port, '/'), scheme: 'HTTPS' }, limits)).toEqual({ kind: 'failure', output: `Get "https://127.0.0.1:${port}/": http: server gave HTTP response to HTTPS client` })
  const server = createServer((socket) => void socket.once('data', () => socket.resetAndDestroy()))
  servers.add(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const broken = typeof address === 'object' && address !== null ? address.port : 0
  const { output } = await systemProbeNetwork.http(target(broken, '/'), limits)
  expect(output).toMatch(new RegExp(`^Get "http://127.0.0.1:${broken}/": read tcp 127.0.0.1:\\d+->127.0.0.1:${broken}: read: connection reset by peer$`))
})

test('a probe’s command knows the variables that the container’s list gives a value', async () => {
  const commands: Array<readonly string[]> = []
  const exec = async (_id: string, { command }: { readonly command: readonly string[] }): Promise<never> => {
    commands.push(command)
    throw new Error('enough')
  }
  const clock = new VirtualClock()
  const container = { name: 'c', env: [{ name: 'A', value: '$(B)' }, { name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }], livenessProbe: { exec: { command: ['echo', '$(A)', '[$(N)]', '$(NOPE)', '$$(A)'] }, periodSeconds: 1 } }
  const stop = startContainerProbes({ pod: { metadata: { name: 'p' } }, container, containerId: 'x', podIP: '', startedMs: 0, startedUp: true, spread: false, door: { runtime: { exec }, network: systemProbeNetwork, clock }, clock, random: seededRandom(1), onVerdict: () => {}, onTrouble: () => {} })
  await clock.advance(1500)
  stop()
  expect(commands[0]).toEqual(['echo', '$(B)', '[]', '$(NOPE)', '$(A)'])
})

test('thresholds count in a row; what is unknown counts for nothing', () => {
  const run = (kinds: ReadonlyArray<ProbeResult['kind']>): ReadonlyArray<string | undefined> => {
    let count: ProbeCount = { run: 0 }
    return kinds.map((kind) => {
      const counted = countResult(count, { kind, output: '' }, { failureThreshold: 2, successThreshold: 2 })
      count = counted.count
      return counted.verdict
    })
  }
  expect(run(['failure', 'unknown', 'failure', 'success', 'failure', 'success', 'warning'])).toEqual([undefined, undefined, 'failure', undefined, undefined, undefined, 'success'])
})

test('readiness is tried sooner until it is there, then once a period; others keep to the period', async () => {
  const triesAt = async (isEager: boolean): Promise<readonly number[]> => {
    const clock = new VirtualClock()
    const tries: number[] = []
    const stop = startProber({
      probe: { periodSeconds: 1, failureThreshold: 100 },
      firstAfterMs: 0,
      clock,
      endsWith: new Set(),
      isEager,
      attempt: () => {
        tries.push(clock.monotonicMs())
        return Promise.resolve({ kind: clock.monotonicMs() < 2_000 || clock.monotonicMs() > 4_000 ? 'failure' : 'success', output: '' })
      },
      onResult: () => {},
    })
    await clock.advance(6_000)
    stop()
    return tries
  }
  expect(await triesAt(true)).toEqual([0, 20, 60, 140, 300, 620, 1_260, 2_260, 3_260, 4_260, 5_260])
  expect(await triesAt(false)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000])
})

/** The clock of a process that stands still between two moments: what is due meanwhile comes at the end, all at once. */
const standingStill = (clock: VirtualClock, fromMs: number, toMs: number): Clock => ({
  nowMs: () => clock.nowMs(),
  monotonicMs: () => clock.monotonicMs(),
  after(delayMs, run) {
    const dueMs = clock.monotonicMs() + delayMs
    return clock.after((dueMs >= fromMs && dueMs < toMs ? toMs : dueMs) - clock.monotonicMs(), run)
  },
})

interface Probed {
  readonly verdicts: string[]
  /** When each try began. */
  readonly tries: number[]
}

/** One second of period and of patience each, one failure decides. A try ends as `attempt` says, or fails when its time is up. */
function probing(clock: Clock, attempt: (ownClock: Clock) => Promise<ProbeResult>): Probed & { readonly stop: () => void } {
  const verdicts: string[] = []
  const tries: number[] = []
  const timeUp = (): Promise<ProbeResult> => new Promise((resolve) => void clock.after(1_000, () => resolve({ kind: 'failure', output: 'timed out' })))
  const stop = startProber({
    probe: { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 },
    firstAfterMs: 0,
    clock,
    endsWith: new Set(['failure']),
    random: seededRandom(1),
    attempt: () => (tries.push(clock.monotonicMs()), Promise.race([attempt(clock), timeUp()])),
    onResult: (_result, verdict) => void (verdict !== undefined && verdicts.push(verdict)),
  })
  return { verdicts, tries, stop }
}

const answers =
  (afterMs: number) =>
  (clock: Clock): Promise<ProbeResult> =>
    new Promise((resolve) => void clock.after(afterMs, () => resolve({ kind: 'success', output: '' })))

test('an agent that stood still in the middle of a try does not believe that it failed', async () => {
  const clock = new VirtualClock()
  const { verdicts, tries, stop } = probing(standingStill(clock, 2_005, 9_000), (own) => (clock.monotonicMs() === 2_000 ? new Promise(() => {}) : answers(10)(own)))
  await clock.advance(9_500)
  stop()
  expect(tries).toEqual([0, 1_000, 2_000, 9_000])
  expect(new Set(verdicts)).toEqual(new Set(['success']))
})

test('tries that were overdue for more than a period are spread over one', async () => {
  const clock = new VirtualClock()
  const { tries, stop } = probing(standingStill(clock, 500, 9_000), answers(10))
  await clock.advance(10_100)
  stop()
  expect(tries[1]).toBeGreaterThan(9_000)
  expect(tries[1]).toBeLessThan(10_000)
})

test('where every try is late its failure counts in the end, and one in time counts at once', async () => {
  const clock = new VirtualClock()
  const slow: Clock = { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs(), after: (delayMs, run) => clock.after(delayMs >= 1_000 ? delayMs + 200 : delayMs, run) }
  const late = probing(slow, () => new Promise(() => {}))
  await clock.advance(20_000)
  late.stop()
  expect(late).toMatchObject({ verdicts: ['failure'], tries: [0, 1_200, 2_400, 3_600] })
  const fair = probing(clock, () => new Promise(() => {}))
  await clock.advance(5_000)
  fair.stop()
  expect(fair).toMatchObject({ verdicts: ['failure'], tries: [20_000] })
})
