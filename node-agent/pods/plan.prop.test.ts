import fc from 'fast-check'
import { test } from 'vitest'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { allocatedPod, allocationOf, changeFor } from './allocation.ts'
import { beginAttempt, containerDeleted, containerExited, containerStarted, imageFound, stopStage } from './apply.ts'
import { planPod } from './plan.ts'
import { containerRecord, containersOf, newRecord, withContainer, type PodRecord } from './record.ts'
import { isBehind } from './resize.ts'
import type { ActionStep } from './steps.ts'
import { isNote, noteChange } from './sync.ts'

const container = (kind: 'init' | 'sidecar' | 'main'): fc.Arbitrary<Container> => fc.record({ hook: fc.boolean(), probe: fc.boolean(), all: fc.boolean(), anew: fc.boolean() }).map(({ hook, probe, all, anew }) => ({ name: kind, ...(all ? { restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }] } : {}), ...(anew ? { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] } : {}), image: 'i', ...(kind === 'sidecar' ? { restartPolicy: 'Always' } : {}), ...(hook ? { lifecycle: { preStop: { sleep: { seconds: 1 } } } } : {}), ...(probe ? { startupProbe: {} } : {}) }))
const named = (list: readonly Container[]): readonly Container[] => list.map((one, index) => ({ ...one, name: `${one.name}${index}` }))
const pods: fc.Arbitrary<Pod> = fc
  .record({ init: fc.array(fc.oneof(container('init'), container('sidecar')), { maxLength: 3 }), main: fc.array(container('main'), { minLength: 1, maxLength: 3 }), restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'), grace: fc.constantFrom(0, 1, 30) })
  .map(({ init, main, restartPolicy, grace }) => ({ metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { restartPolicy, terminationGracePeriodSeconds: grace, initContainers: named(init), containers: named(main) } }))

type Happening = { readonly kind: 'exit'; readonly which: number; readonly code: number } | { readonly kind: 'startup'; readonly which: number } | { readonly kind: 'wait'; readonly ms: number } | { readonly kind: 'resize'; readonly which: number; readonly cpu: string }
const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(fc.oneof(fc.record({ kind: fc.constant('exit' as const), which: fc.nat(5), code: fc.constantFrom(0, 1, 42) }), fc.record({ kind: fc.constant('resize' as const), which: fc.nat(5), cpu: fc.constantFrom('1', '2') }), fc.record({ kind: fc.constant('startup' as const), which: fc.nat(5) }), fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 500, 5000, 60_000) })), { maxLength: 12 })

/** One pod in a world where every step works at once. */
class World {
  nowMs = 0
  record: PodRecord
  pod: Pod
  readonly #restarts = new Map<string, number>()

  constructor(pod: Pod) {
    this.pod = pod
    this.record = { ...newRecord(0), allocated: allocationOf(pod) }
  }

  get names(): readonly string[] {
    return [...(this.pod.spec?.initContainers ?? []), ...(this.pod.spec?.containers ?? [])].map(({ name }) => name)
  }

  /** Plans and does until nothing is left to do now; answers when to look again. */
  settle(): number | undefined {
    for (let round = 0; round < 200; round++) {
      const view = { pod: this.pod, record: this.record, inFlight: new Set<string>(), mayRun: true, nowMs: this.nowMs, room: { kind: 'fits' as const } }
      const plan = planPod(view)
      if (!deepEqual(plan, planPod(view))) throw new Error('planning twice gave two plans')
      if (plan.steps.length === 0) return plan.wakeAtMs
      if (this.record.restartAll?.isUnderWay === true && plan.steps.some((step) => step.kind === 'stop-pod' && step.stop.why === 'finished')) throw new Error('a pod that begins anew counts as finished')
      for (const step of plan.steps) if (isNote(step)) this.record = noteChange(step)(this.record)
      const [action] = plan.steps.filter((step): step is ActionStep => !isNote(step))
      if (action && !plan.steps.some(isNote)) this.#do(action)
      this.#check()
    }
    throw new Error('the plan never comes to rest')
  }

  happen(happening: Happening): void {
    if (happening.kind === 'wait') this.nowMs += happening.ms
    else if (happening.kind === 'resize') this.#wish(this.names[happening.which % this.names.length] ?? '', happening.cpu)
    else {
      const name = this.names[happening.which % this.names.length] ?? ''
      const { now } = containerRecord(this.record, name)
      if (now.kind !== 'running') return
      if (happening.kind === 'startup') this.record = { ...this.record, containers: { ...this.record.containers, [name]: { ...containerRecord(this.record, name), started: true } } }
      else this.#exit(name, happening.code)
    }
  }

  #wish(name: string, cpu: string): void {
    const wishing = (one: Container): Container => (one.name === name ? { ...one, resources: { limits: { cpu } } } : one)
    this.pod = { ...this.pod, spec: { ...this.pod.spec, initContainers: this.pod.spec?.initContainers?.map(wishing) ?? [], containers: (this.pod.spec?.containers ?? []).map(wishing) } }
  }

  #resize(): PodRecord {
    const given = allocatedPod(this.pod, this.record.allocated)
    const behind = containersOf(given).filter((one) => isBehind(one, containerRecord(this.record, one.spec.name)))
    const inPlace = behind.filter(({ spec }) => changeFor(spec, containerRecord(this.record, spec.name).applied) === 'in-place')
    const applied = inPlace.reduce((record, { spec }) => withContainer(record, spec.name, { applied: spec.resources ?? {} }), this.record)
    const { running, ...rest } = applied.resize ?? {}
    return { ...applied, resize: behind.length > inPlace.length && running ? { ...rest, running: { ...running, isWide: true } } : rest }
  }

  #exit(name: string, exitCode: number): void {
    const { now } = containerRecord(this.record, name)
    if (now.kind === 'running') this.record = containerExited(this.record, name, { id: now.id, exitCode, reason: 'x', startedMs: now.startedMs, finishedMs: this.nowMs })
  }

  #do(step: ActionStep): void {
    const change = (next: PodRecord): void => void (this.record = next)
    switch (step.kind) {
      case 'prepare-sandbox':
        return change({ ...this.record, sandbox: { kind: 'ready', ip: '1' } })
      case 'prepare-volumes':
        return change({ ...this.record, volumes: { kind: 'ready', paths: {} } })
      case 'ensure-image':
        return change(imageFound(this.record, step.container, { reference: 'i', id: 'x', name: 'i', configId: 'x', stopSignal: '' }))
      case 'start-container': {
        if (this.record.stop !== undefined) throw new Error('a container is started in a pod that ends')
        if (containerRecord(this.record, step.container).now.kind === 'running') throw new Error('a container that runs is started')
        const spec = [...(this.pod.spec?.initContainers ?? []), ...(this.pod.spec?.containers ?? [])].find(({ name }) => name === step.container)
        return change(containerStarted(beginAttempt(this.record, step.container, step), step.container, { id: `${step.container}-${step.attempt}`, startedMs: this.nowMs, hook: 'none', user: undefined, started: spec?.startupProbe === undefined, ready: true, isMain: step.container.startsWith('main'), applied: containersOf(allocatedPod(this.pod, this.record.allocated)).find((one) => one.spec.name === step.container)?.spec.resources ?? {} }))
      }
      case 'pre-stop':
        return change(stopStage(this.record, step.container, { stage: 'term', hooked: true }))
      case 'signal':
        // SIGTERM is ignored: only SIGKILL ends it.
        if (step.force) this.#exit(step.container, 137)
        else change(stopStage(this.record, step.container, { stage: 'signalled', signalledMs: this.nowMs }))
        return
      case 'delete-container':
        return change(containerDeleted(this.record, step.container, step.id))
      case 'clean-up':
        if (this.names.some((name) => containerRecord(this.record, name).now.kind === 'running')) throw new Error('cleaned up under a running container')
        return change({ ...this.record, cleaned: true })
      case 'resize':
        return change(this.#resize())
      case 'post-start':
        return
    }
  }

  #check(): void {
    for (const name of this.names) {
      const { attempt } = containerRecord(this.record, name)
      if (attempt < (this.#restarts.get(name) ?? 0)) throw new Error('a restart count fell')
      this.#restarts.set(name, attempt)
    }
  }
}

test('safety: nothing is started in a pod that ends or runs already, nothing is removed under a running container; plans come to rest', () => {
  fc.assert(
    fc.property(pods, happenings, (pod, list) => {
      const world = new World(pod)
      for (const happening of list) {
        world.settle()
        world.happen(happening)
      }
      world.settle()
      // Nothing of a resize is left where it is not waited for a container to end.
      const isEnding = Object.values(world.record.containers).some(({ stop }) => stop !== undefined)
      if (world.record.stop === undefined && !isEnding && world.record.resize?.running !== undefined) throw new Error('a resize never came to its end')
    }),
    { numRuns: 300 },
  )
}, 60_000)

test('liveness: a pod that is deleted is gone after its grace, whatever happened before', () => {
  fc.assert(
    fc.property(pods, happenings, (pod, list) => {
      const world = new World(pod)
      for (const happening of list) {
        world.settle()
        world.happen(happening)
      }
      world.pod = { ...world.pod, metadata: { ...pod.metadata, deletionTimestamp: 'now', deletionGracePeriodSeconds: pod.spec?.terminationGracePeriodSeconds } }
      const from = world.nowMs
      for (let round = 0; round < 50 && !world.record.cleaned; round++) {
        const wake = world.settle()
        if (wake !== undefined) world.nowMs = Math.max(world.nowMs, wake)
      }
      if (!world.record.cleaned) throw new Error('it never went')
      const sidecars = (pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always').length
      const graceMs = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
      if (world.nowMs - from > graceMs * 2 + 2000 * (sidecars + 1)) throw new Error(`it took ${world.nowMs - from} ms`)
    }),
    { numRuns: 300 },
  )
}, 60_000)
