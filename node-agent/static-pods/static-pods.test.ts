import { beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { uidOf } from '../../shared/model/meta.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import type { PodReporter, PodStatusReport, PodWorkers } from '../pods/port.ts'
import { parseStaticPod } from './parse.ts'
import { noStaticPods, StaticPods } from './static-pods.ts'

const file = (name: string, command: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: x}}\nspec:\n  terminationGracePeriodSeconds: 5\n  containers:\n  - {name: c, image: "busybox:1.35", command: [${command}]}\n`
const parsed = (text: string, path = '/pods/a.yaml'): ReturnType<typeof parseStaticPod> => parseStaticPod({ path, text, nodeName: 'n1', nowMs: 0 })

test('a file as a pod: named for its node, told apart by what it says, with the defaults it needs', () => {
  const first = parsed(file('web', 'run'))
  expect(first).toMatchObject({ kind: 'pod', pod: { metadata: { name: 'web-n1', namespace: 'default', labels: { app: 'x' }, annotations: { 'kubernetes.io/config.source': 'file' } }, spec: { nodeName: 'n1', restartPolicy: 'Always', tolerations: [{ operator: 'Exists', effect: 'NoExecute' }], containers: [{ name: 'c', imagePullPolicy: 'IfNotPresent' }] } } })
  const uid = (text: string, path?: string): string => {
    const one = parsed(text, path)
    return one.kind === 'pod' ? uidOf(one.pod) : one.message
  }
  expect(uid(file('web', 'run'))).toMatch(/^[0-9a-f]{32}$/)
  expect(uid(file('web', 'run'))).toBe(uid(file('web', 'run')))
  expect(new Set([uid(file('web', 'run')), uid(file('web', 'other')), uid(file('web', 'run'), '/pods/b.yaml')]).size).toBe(3)
})

test.each([['a: [', 'it is neither YAML nor JSON'], ['', 'it holds no object'], ['kind: Pod\napiVersion: v2\n', 'it holds v2 Pod'], ['kind: Pod\napiVersion: v1\nmetadata: {name: A_b}\n', 'its metadata.name'], ['kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n', 'its containers']])('%j is refused', (text, message) => {
  const answer = parsed(text)
  expect(answer.kind === 'refused' ? answer.message : 'a pod').toContain(message)
})

const withSpec = (spec: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {${spec}}\n`
test.each([
  ['containers: [{name: c, image: i, ports: {containerPort: 80}}]', 'Container.spec.containers.ports of type []v1.ContainerPort'],
  ['containers: [{name: c, image: i, env: [{name: x, value: 5}]}]', 'EnvVar.spec.containers.env.value of type string'],
  ['containers: [{name: c, image: i}], initContainers: {}', 'PodSpec.spec.initContainers'],
  ['containers: [{name: c, image: i}], tolerations: {}', 'PodSpec.spec.tolerations'],
  ['containers: [{name: c, image: i}], volumes: {}', 'PodSpec.spec.volumes'],
  ['containers: [{name: c, image: i}], initContainers: [null]', 'its containers'],
  ['containers: [null]', 'its containers'],
])('a typing error is refused with its field: %s', (spec, message) => {
  const answer = parsed(withSpec(spec))
  expect(answer.kind === 'refused' ? answer.message : 'a pod').toContain(message)
})

test('an empty place in a list is what the API makes of it', () => {
  expect(parsed(withSpec('containers: [{name: c, image: i, ports: [null]}], tolerations: [null]'))).toMatchObject({ kind: 'pod' })
})

let clock: VirtualClock
let files: Map<string, string>
let changed = (): void => {}
let statics: StaticPods
let both: PodWorkers
let inner: PodReporter
const calls: string[] = []
const reports: PodStatusReport[] = []
let told: number
let unreadable: boolean
let over: AbortController

const say = ({ metadata }: Pod): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`
beforeEach(() => {
  clock = new VirtualClock()
  files = new Map()
  calls.length = 0
  reports.length = 0
  told = 0
  unreadable = false
  over = new AbortController()
  statics = new StaticPods({ nodeName: 'n1', clock, parse: parseStaticPod, log: silentLog, folder: { read: async () => (unreadable ? Promise.reject(new Error('EMFILE')) : files), watch: (listener) => ((changed = listener), () => {}) } })
  statics.onChange(() => told++)
  wrap(statics)
})

function wrap(given: StaticPods): void {
  both = given.around(
    (reporter) => {
      inner = reporter
      return {
        setAll: (pods) => void calls.push(`all ${pods.map(say).join(' ')}`),
        update: (pod) => void calls.push(`${pod.metadata.deletionTimestamp === undefined ? 'run' : `end within ${pod.metadata.deletionGracePeriodSeconds ?? ''}`} ${say(pod)}`),
        remove: (key) => void calls.push(`remove ${key}`),
        sourcesChanged: () => {},
        imagesChanged: () => {},
        serveStream: async () => {},
        run: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
        statuses: () => [],
      }
    },
    { report: (report) => void reports.push(report), event: () => {} },
  )
}

const begin = async (): Promise<void> => {
  void both.run(over.signal)
  await clock.advance(0)
}
const change = async (): Promise<void> => {
  changed()
  await clock.advance(150)
}
const wanted = (): Pod => {
  const [pod] = statics.wanted()
  if (pod === undefined) throw new Error('there is none')
  return pod
}
const mirrorOf = (pod: Pod, uid: string, more: object = {}): Pod => ({ ...pod, metadata: { ...pod.metadata, uid, annotations: { ...pod.metadata.annotations, 'kubernetes.io/config.mirror': uidOf(pod) }, ...more } })
const assigned: Pod = { metadata: { namespace: 'ns', name: 'assigned', uid: 'a' }, spec: { containers: [] } }

test('pods of files run before the control plane has said anything, and stay beside what it says', async () => {
  files.set('/pods/a.yaml', file('web', 'run'))
  both.setAll([assigned])
  expect(calls).toEqual([])
  await begin()
  expect(calls).toEqual(['run default/web-n1', 'all ns/assigned default/web-n1'])
  expect(told).toBe(1)
})

test('a changed file: the old pod ends in its time, then the new one begins; a file that is gone', async () => {
  files.set('/pods/a.yaml', file('web', 'run'))
  await begin()
  const old = wanted()
  files.set('/pods/a.yaml', file('web', 'other'))
  await change()
  expect(calls).toEqual(['run default/web-n1', 'end within 5 default/web-n1'])
  inner.report({ pod: old, status: { phase: 'Succeeded' }, removed: true })
  expect(calls.at(-1)).toBe('run default/web-n1')
  expect(uidOf(wanted())).not.toBe(uidOf(old))
  files.clear()
  await change()
  expect(calls.slice(3)).toEqual(['end within 5 default/web-n1'])
  expect({ wanted: statics.wanted(), told, reports }).toEqual({ wanted: [], told: 3, reports: [] })
})

test('the mirror is told what its pod is; deleting it stops nothing, and it is asked for again', async () => {
  files.set('/pods/a.yaml', file('web', 'run'))
  await begin()
  inner.report({ pod: wanted(), status: { phase: 'Running' }, removed: false })
  expect(reports).toEqual([])
  const mirror = mirrorOf(wanted(), 'm1')
  both.update(mirror)
  expect(reports).toEqual([{ pod: mirror, status: { phase: 'Running' }, removed: false }])
  const deleting = mirrorOf(wanted(), 'm1', { deletionTimestamp: '2026-01-01T00:00:00Z' })
  both.update(deleting)
  expect(reports.at(-1)).toMatchObject({ pod: { metadata: { uid: 'm1' } }, removed: true })
  both.remove('default/web-n1', 'm1')
  expect({ told, calls }).toEqual({ told: 2, calls: ['run default/web-n1'] })
  both.update(mirrorOf(wanted(), 'm2'))
  expect(reports.at(-1)).toMatchObject({ pod: { metadata: { uid: 'm2' } }, status: { phase: 'Running' }, removed: false })
})

test('assigned pods are none of its business', async () => {
  await begin()
  both.update(assigned)
  inner.report({ pod: assigned, status: { phase: 'Running' }, removed: false })
  both.remove('ns/assigned', 'a')
  expect({ calls, reports: reports.length, told }).toEqual({ calls: ['run ns/assigned', 'remove ns/assigned'], reports: 1, told: 0 })
})

test('an agent without files runs no mirror that it finds, and says that there is none to show', async () => {
  files.set('/pods/a.yaml', file('web', 'run'))
  await begin()
  const mirror = mirrorOf(wanted(), 'm1')
  statics = noStaticPods({ nodeName: 'n1', clock, log: silentLog })
  statics.onChange(() => told++)
  wrap(statics)
  calls.length = 0
  both.setAll([assigned])
  await begin()
  expect({ calls, told: told - 1, said: statics.toTell() }).toEqual({ calls: ['all ns/assigned'], told: 0, said: undefined })
  both.setAll([assigned, mirror])
  expect({ last: calls.at(-1), told: told - 1, said: statics.toTell() }).toEqual({ last: 'all ns/assigned', told: 1, said: [] })
  both.remove('default/web-n1', 'm1')
  expect(statics.toTell()).toBeUndefined()
  // One that was still being made.
  both.update(mirrorOf(mirror, 'm2'))
  expect({ calls: calls.length, told: told - 1, said: statics.toTell() }).toEqual({ calls: 2, told: 2, said: [] })
})

test('a typing error in one file: the others run, and it runs when it is mended', async () => {
  files.set('/pods/a.yaml', withSpec('containers: [{name: c, image: i}], tolerations: {}'))
  files.set('/pods/b.yaml', file('web', 'run'))
  await begin()
  expect(calls).toEqual(['run default/web-n1'])
  files.set('/pods/a.yaml', withSpec('containers: [{name: c, image: i}]'))
  await change()
  expect(calls).toEqual(['run default/web-n1', 'run default/a-n1'])
})

test('what runs already waits until the folder can be read: nothing is taken for ended', async () => {
  files.set('/pods/a.yaml', file('web', 'run'))
  unreadable = true
  both.setAll([assigned])
  await begin()
  await clock.advance(5_000)
  expect(calls).toEqual([])
  unreadable = false
  await clock.advance(1_500)
  expect(calls).toEqual(['run default/web-n1', 'all ns/assigned default/web-n1'])
  unreadable = true
  await change()
  expect(calls).toHaveLength(2)
})
