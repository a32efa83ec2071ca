/** What the agent answers for kubelet, and the connections it makes for proxies, over streams in memory. */
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { OpenStream, StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import { channel, type Channel } from '../../../shared/kit/channel.ts'
import type { Pod, Status } from '../../../shared/model/gen/api.ts'
import { podHarness, shell, testPod, type PodHarness } from '../harness.ts'
import { dial } from '../streams/dialer.ts'
import { resourceMetrics } from './resource-metrics.ts'
import { statsSummary } from './stats-summary.ts'

let node: PodHarness
let pod: Pod
beforeEach(async () => {
  node = await podHarness()
  pod = testPod('p', { containers: [shell('c', 'run')] })
  node.workers.setAll([pod])
  await node.clock.advance(1000)
})
afterEach(() => node.close())

interface Opened {
  readonly heard: StreamFrame[]
  readonly input: Channel<StreamFrame>
  readonly ended: Promise<void>
  text(): string
}

function open(request: OpenStream['request']): Opened {
  const heard: StreamFrame[] = []
  const input = channel<StreamFrame>()
  const ended = node.workers.serveStream({ streamId: 's', request }, { send: (frame) => void heard.push(frame), incoming: input, close: () => input.close() })
  return { heard, input, ended, text: () => heard.map(({ frame }) => (frame?.$case === 'stdout' ? frame.value.toString() : '')).join('') }
}

const stdin = (text: string): StreamFrame => ({ frame: { $case: 'stdin', value: Buffer.from(text) } })
const statusIn = ({ heard }: Opened): Status => {
  const last = heard.at(-1)?.frame
  return JSON.parse(last?.$case === 'ended' && last.value.status.length > 0 ? last.value.status.toString() : '{}') as Status
}

async function ask(path: string): Promise<{ readonly head: string; readonly body: string }> {
  const opened = open({ $case: 'dial', value: { pod: undefined, port: 0 } })
  opened.input.push(stdin(`GET ${path} HTTP/1.1\r\nHost: n1\r\n\r\n`))
  await expect.poll(() => opened.heard.some(({ frame }) => frame?.$case === 'ended')).toBe(true)
  opened.input.close()
  await opened.ended
  const [head = '', body = ''] = opened.text().split(/\r\n\r\n(.*)/s)
  return { head, body }
}

describe('what kubelet would answer', () => {
  test('health, and the pods with the status that the node knows', async () => {
    expect(await ask('/healthz')).toMatchObject({ head: expect.stringContaining('200 OK') as string, body: 'ok' })
    const { items } = JSON.parse((await ask('/pods')).body) as { readonly items: readonly Pod[] }
    expect(items.map(({ metadata, status }) => [metadata.name, status?.phase])).toEqual([['p', 'Running']])
  })

  test('what is off, and what is not there', async () => {
    for (const path of ['/run/x', '/exec/ns/p/c', '/logs/', '/debug/pprof/heap']) expect(await ask(path)).toMatchObject({ head: expect.stringContaining('405 Method Not Allowed') as string, body: 'Debug endpoints are disabled.\n' })
    expect(await ask('/nosuch')).toMatchObject({ head: expect.stringContaining('404 Not Found') as string, body: '404 page not found\n' })
  })

  test('a log without a content type; what cannot be read is refused', async () => {
    const log = await ask('/containerLogs/ns/p/c')
    expect(log.head).toContain('200 OK')
    expect(log.head.toLowerCase()).not.toContain('content-type')
    expect((await ask('/containerLogs/ns/none/c')).head).toContain('404 Not Found')
    expect(await ask('/containerLogs/ns/p/none')).toMatchObject({ head: expect.stringContaining('400 Bad Request') as string, body: expect.stringContaining('container none is not valid for pod p') as string })
  })
})

describe('usage', () => {
  const at = (atMs: number, cpuNanos: number): Parameters<typeof statsSummary>[0]['now'] => ({
    atMs,
    node: { cpuNanos: cpuNanos * 2, memoryBytes: 1000, memoryTotalBytes: 4000 },
    pods: [{ namespace: 'ns', name: 'p', uid: 'u', cpuNanos, memoryBytes: 500, containers: [{ name: 'c', cpuNanos, memoryBytes: 400 }] }],
  })

  test('as a summary: a rate between two moments', () => {
    const time = '1970-01-01T00:00:01Z'
    const usage = (nanos: number, core: number, memory: number): object => ({ cpu: { time, usageNanoCores: nanos, usageCoreNanoSeconds: core }, memory: { time, usageBytes: memory, workingSetBytes: memory } })
    expect(statsSummary({ before: at(1000, 1e9), now: at(1500, 1.25e9) }, 'n1')).toEqual({
      node: { nodeName: 'n1', ...usage(1e9, 2.5e9, 1000), memory: { time, usageBytes: 1000, workingSetBytes: 1000, availableBytes: 3000 } },
      pods: [{ podRef: { name: 'p', namespace: 'ns', uid: 'u' }, containers: [{ name: 'c', ...usage(5e8, 1.25e9, 400) }], ...usage(5e8, 1.25e9, 500) }],
    })
  })

  test('disks, devices, processes and files, where they were measured', () => {
    const disk = { bytes: { available: 60, capacity: 100 }, inodes: { available: 6, capacity: 10 } }
    const eth0 = { name: 'eth0', rxBytes: 1, rxErrors: 0, txBytes: 2, txErrors: 0 }
    const storage = { ids: new Map([['c', 'id']]), volumes: new Map([['d', 7]]), containers: new Map([['c', 5]]), layers: new Map([['c', { bytes: 3, inodes: 2 }]]), logs: new Map([['c', { bytes: 2, inodes: 1 }]]), diskBytes: 12, inodes: 4 }
    const volumes = [
      { name: 'd', bytes: 7, inodes: 2, room: disk },
      { name: 'p', claim: 'mine', bytes: 40, inodes: 4, room: disk },
    ]
    const { node, pods: [pod] } = at(2000, 2e9)
    const now = { atMs: 2000, node: { ...node, startedMs: 500, fs: disk, imageFs: disk, processes: { available: 90, capacity: 100 }, network: [eth0] }, pods: [{ ...pod, rssBytes: 9, memoryLimitBytes: 900, processes: 3, startedMs: 1000, network: [eth0], storage, volumes } as NonNullable<typeof pod>] }
    expect(statsSummary({ before: at(1000, 1e9), now }, 'n1')).toMatchObject({
      node: { startTime: '1970-01-01T00:00:00Z', fs: { availableBytes: 60, capacityBytes: 100, usedBytes: 40, inodesFree: 6, inodes: 10, inodesUsed: 4 }, runtime: { imageFs: { usedBytes: 40 } }, rlimit: { maxpid: 100, curproc: 10 }, network: { name: 'eth0', rxBytes: 1, interfaces: [eth0] } },
      pods: [{ startTime: '1970-01-01T00:00:01Z', memory: { rssBytes: 9, availableBytes: 400 }, network: { txBytes: 2 }, process_stats: { process_count: 3 }, volume: [{ name: 'd', usedBytes: 7 }, { name: 'p', usedBytes: 40, inodesUsed: 4, pvcRef: { name: 'mine', namespace: 'ns' } }], 'ephemeral-storage': { usedBytes: 12, inodesUsed: 4, capacityBytes: 100, inodes: 10 }, containers: [{ rootfs: { usedBytes: 3, inodesUsed: 2, inodesFree: 6 }, logs: { usedBytes: 2, inodesUsed: 1 } }] }],
    })
  })

  test('what is swapped out, how long tasks stood still, and the parts of the node itself', () => {
    const stalls = { total: 5, avg10: 1.5, avg60: 0, avg300: 0 }
    const psi = { full: stalls, some: stalls }
    const detail = { swapBytes: 10, swapLimitBytes: 100, pressures: { cpu: psi, memory: psi, io: psi } }
    const withParts = (sample: ReturnType<typeof at>): ReturnType<typeof at> => ({ ...sample, node: { ...sample.node, detail, system: [{ name: 'pods', startedMs: 0, cpuNanos: sample.node.cpuNanos, memoryBytes: 50, memoryLimitBytes: 80, detail: { swapBytes: 0, pressures: {} } }] } })
    const time = '1970-01-01T00:00:02Z'
    expect(statsSummary({ before: withParts(at(1000, 0)), now: withParts(at(2000, 1e9)) }, 'n1')).toMatchObject({
      node: {
        cpu: { psi },
        memory: { psi },
        io: { time, psi },
        swap: { time, swapAvailableBytes: 90, swapUsageBytes: 10 },
        systemContainers: [{ name: 'pods', startTime: '1970-01-01T00:00:00Z', cpu: { usageNanoCores: 2e9 }, memory: { workingSetBytes: 50, availableBytes: 30 }, swap: { time, swapUsageBytes: 0 } }],
      },
    })
  })

  test('as metrics', () => {
    const text = resourceMetrics({ before: at(0, 0), now: at(1000, 1e9) })
    expect(text).toContain('# TYPE container_cpu_usage_seconds_total counter\ncontainer_cpu_usage_seconds_total{container="c",namespace="ns",pod="p"} 1 1000\n')
    expect(text).toContain('node_memory_working_set_bytes 1000 1000\n')
    expect(text).toContain('resource_scrape_error 0\n')
  })
})

describe('connections for proxies', () => {
  const ref = (): { readonly namespace: string; readonly name: string; readonly uid: string } => ({ namespace: 'ns', name: 'p', uid: pod.metadata.uid ?? '' })

  test('nobody there: the dialer’s word; a pod that is not here: no network', async () => {
    const refused = open({ $case: 'dial', value: { pod: ref(), port: 80 } })
    await refused.ended
    expect(statusIn(refused)).toMatchObject({ code: 503, message: 'not here' })
    const elsewhere = open({ $case: 'dial', value: { pod: { namespace: 'ns', name: 'other', uid: 'x' }, port: 80 } })
    await elsewhere.ended
    expect(statusIn(elsewhere)).toMatchObject({ code: 503, message: 'pod ns/other has no network on node n1' })
  })

  test('a real connection: bytes both ways, half-closes, and words of Go when it is refused', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const connection = await dial('127.0.0.1', port)
    await connection.write(Buffer.from('hello'))
    connection.end()
    let echoed = ''
    for await (const bytes of connection.output) echoed += Buffer.from(bytes).toString()
    expect(echoed).toBe('hello')
    connection.close()
    await new Promise((resolve) => server.close(resolve))
    await expect(dial('127.0.0.1', port)).rejects.toThrow(`dial tcp 127.0.0.1:${port}: connect: connection refused`)
  })
})
