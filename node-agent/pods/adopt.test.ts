import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StreamFrame } from '../../proto/gen/node/v1/session.ts'
import { channel } from '../../shared/kit/channel.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { deleted, podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(() => node.close())

test('a ready pod stays ready when the agent is started again: nothing is probed before its address is known', async () => {
  node.workers.update(testPod('p', { containers: [{ ...shell('c', 'while :; do sleep 1; done'), readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 1 } }] }))
  await node.clock.advance(5_000)
  expect(node.status('p').containerStatuses?.[0]?.ready).toBe(true)
  await node.restartAgent()
  const from = node.reports.length
  await node.clock.advance(20_000)
  expect(node.reports.slice(from).flatMap(({ status }) => status.containerStatuses?.map(({ ready }) => ready) ?? [])).not.toContain(false)
})

/** The end of a container was deleted with it before it was noted: after a restart of the agent work that had succeeded was said to be lost. */
test('a container that has ended is deleted only when its end is noted', async () => {
  const { files, runtime } = node.parts
  const order: string[] = []
  const isEndNoted = (text: string): boolean => text.includes('"kind":"exited"')
  const [write, append, remove] = [files.write, files.append, runtime.delete]
  const slowly = async (text: string, work: () => Promise<void>): Promise<void> => {
    if (isEndNoted(text)) await new Promise<void>((resolve) => void node.clock.after(50, resolve))
    await work()
    if (isEndNoted(text)) order.push('noted')
  }
  files.write = (path, text, mode) => slowly(text, () => write(path, text, mode))
  files.append = (path, text) => slowly(text, () => append(path, text))
  runtime.delete = (id) => (order.push('deleted'), remove(id))
  node.workers.update(testPod('p', { restartPolicy: 'Never', containers: [shell('c', 'exit 0')] }))
  await node.clock.advance(1_000)
  expect(order.slice(0, 2)).toEqual(['noted', 'deleted'])
})

/** A pod of which nothing was noted was begun anew, beside its running container. */
test('containers that run are taken over though nothing was noted of their pod', async () => {
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(1_000)
  const running = await node.runtime.list()
  await node.parts.files.remove('/state')
  await node.restartAgent()
  node.workers.setAll([pod])
  await node.clock.advance(1_000)
  expect(await node.runtime.list()).toEqual(running)
  expect(node.status('p').containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true, user: { linux: { uid: 0 } }, imageID: 'sha256:0000000000000000000000000000000000000000000000000000000000000001' })
})

/** Its node was never admitted then: no container runs before that, so the pod did not go away either. */
test('a pod that is assigned while the node is being cleared does not keep it from being clear', async () => {
  const listed = Promise.withResolvers<void>()
  const { snapshots } = node.parts
  const list = snapshots.list
  snapshots.list = () => listed.promise.then(() => list())
  let isClear = false
  node.workers.setAll([], () => (isClear = true))
  await node.clock.advance(100)
  node.workers.update(testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(1_000)
  expect([isClear, node.status('p').phase]).toEqual([false, 'Running'])
  listed.resolve()
  await node.clock.advance(1_000)
  expect(isClear).toBe(true)
})

test('a machine that has lost all that it had in memory goes on counting restarts from what the status says', async () => {
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
  const startedAt = '2026-01-01T00:00:00Z'
  const status: Pod['status'] = { phase: 'Running', startTime: startedAt, containerStatuses: [{ name: 'c', image: '', imageID: '', containerID: 'gantry://before', ready: true, started: true, restartCount: 2, state: { running: { startedAt } } }] }
  node.workers.setAll([{ ...pod, status }])
  await node.clock.advance(30_000)
  expect(node.status('p').containerStatuses?.[0]).toMatchObject({ restartCount: 3, ready: true })
  expect(node.reports.flatMap((report) => report.status.containerStatuses ?? []).filter(({ restartCount }) => restartCount < 2)).toEqual([])
})

/** What was told and not yet noted was taken back after a restart: a ready pod was unready for a moment. */
test('a status is told once it is noted', async () => {
  const { files } = node.parts
  let noted = ''
  const { write, append } = files
  const slowly = async (path: string, text: string, work: () => Promise<void>): Promise<void> => {
    await new Promise<void>((resolve) => void node.clock.after(50, resolve))
    await work()
    if (path.startsWith('/state')) noted = text
  }
  files.write = (path, text, mode) => slowly(path, text, () => write(path, text, mode))
  files.append = (path, text) => slowly(path, text, () => append(path, text))
  const told = node.parts.reporter.report
  const early: string[] = []
  node.parts.reporter.report = (report) => {
    if (report.status.phase === 'Running' && !noted.includes('"kind":"running"')) early.push(JSON.stringify(report.status))
    told(report)
  }
  node.workers.update(testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(1_000)
  expect(node.status('p').phase).toBe('Running')
  expect(early).toEqual([])
})

/** A hook that was cut short, or had not begun, was said to be done. */
test('a hook of an agent that was killed is run by the next one', async () => {
  const runs: string[] = []
  const hooked = await podHarness({ exec: (_id, command) => (runs.push(command.join(' ')), { exitCode: 0 }) })
  try {
    hooked.workers.update(testPod('p', { containers: [{ ...shell('c', 'while :; do sleep 1; done'), lifecycle: { postStart: { sleep: { seconds: 5 } } } }, { ...shell('d', 'while :; do sleep 1; done'), lifecycle: { postStart: { exec: { command: ['echo', 'hello'] } } } }] }))
    await hooked.clock.advance(1_000)
    await hooked.restartAgent()
    await hooked.clock.advance(4_500)
    expect(hooked.status('p').containerStatuses?.[0]?.state).toMatchObject({ waiting: { reason: 'ContainerCreating' } })
    await hooked.clock.advance(1_000)
    expect(hooked.status('p').containerStatuses?.[0]?.state?.running).toBeDefined()
    expect(runs).toEqual(['echo hello'])
  } finally {
    await hooked.close()
  }
})

/** Serves an exec, and answers what was heard of it so far. */
function exec(pod: Pod): { readonly heard: readonly StreamFrame[]; readonly served: Promise<void> } {
  const heard: StreamFrame[] = []
  const incoming = channel<StreamFrame>()
  const value = { pod: { namespace: 'ns', name: 'p', uid: pod.metadata.uid ?? '' }, container: 'c', command: ['true'], stdin: false, stdout: true, stderr: true, tty: false }
  return { heard, served: node.workers.serveStream({ streamId: 's', request: { $case: 'exec', value } }, { send: (frame) => void heard.push(frame), incoming, close: () => incoming.close() }) }
}

/** The API server tells of a pod that runs: a client that comes while its agent is being started again was told that its container is not there. */
test('what is asked of a pod while it is taken over waits for that', async () => {
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(1_000)
  await node.restartAgent()
  const { heard, served } = exec(pod)
  await node.clock.advance(1_000)
  await served
  expect(heard.map(({ frame }) => frame?.$case)).toEqual(['started', 'ended'])
})

test('nor does it wait for ever where the pod cannot be taken over', async () => {
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(1_000)
  const { files } = node.parts
  const names = files.names.bind(files)
  files.names = (folder) => (folder.startsWith('/pods/') ? Promise.reject(new Error('EIO')) : names(folder))
  await node.restartAgent()
  const { heard, served } = exec(pod)
  await node.clock.advance(59_000)
  expect(heard).toEqual([])
  await node.clock.advance(1_000)
  await served
  expect(heard.map(({ frame }) => (frame?.$case === 'ended' ? Buffer.from(frame.value.status).toString() : frame?.$case))).toEqual([expect.stringContaining('pod ns/p is not taken over yet')])
})

/** A pod that was assigned while the agent was away was refused for ever, for the room of pods that had ended. */
test('what had ended before the agent was started again needs no room while it is taken over', async () => {
  const large = (name: string, command: string): Pod => testPod(name, { restartPolicy: 'Never', containers: [shell('c', command, { resources: { requests: { cpu: '1500m' } } })] })
  const done = large('done', 'exit 0')
  node.workers.update(done)
  await node.clock.advance(1_000)
  expect(node.status('done').phase).toBe('Succeeded')
  const gone = large('gone', 'trap "exit 0" TERM; while :; do sleep 1; done')
  node.workers.update(gone)
  await node.clock.advance(1_000)
  node.workers.update(deleted(gone, 5))
  await node.clock.advance(1_000)
  expect(node.removed('gone')).toBe(true)
  await node.restartAgent()
  node.workers.setAll([{ ...done, status: node.status('done') }, large('new', 'while :; do sleep 1; done')])
  await node.clock.advance(1_000)
  expect(node.status('new')).toMatchObject({ phase: 'Running' })
})
