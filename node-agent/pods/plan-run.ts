import type { Pod } from '../../shared/model/gen/api.ts'
import { planAllDown } from './plan-all-down.ts'
import { planContainerStop } from './plan-container-stop.ts'
import { awaitsPlace, containerRecord, containersOf, type ContainerRecord, type PodContainer, type PodRecord } from './record.ts'
import { isDue, nextStart, ruleFor, shouldRestart } from './restart.ts'
import { merge, type PodPlan, type Step } from './steps.ts'
import { events, pullBackOffMessage } from './words.ts'
import type { PodView } from './view.ts'
import { missingImageVolumes } from './volumes-of-images.ts'

/** How long `ErrImagePull` is shown before it becomes `ImagePullBackOff`. */
const PULL_ERROR_SHOWN_MS = 1000
/** How soon to look whether the node may run pods again, beside being told. */
const RIGHT_AGAIN_MS = 500

/** Steps for a pod that is to run: what every container needs first, then the containers whose turn it is. */
export function planRun(view: PodView): PodPlan {
  const { pod, record, nowMs } = view
  if (record.rejected !== undefined) return { steps: [] }
  if (record.restartAll?.isUnderWay === true) return planAllDown(view)
  const ready = [sandboxPlan(record, nowMs), volumesPlan(record, nowMs)]
  const due = dueContainers(pod, record)
  const starts = due.map((container, index) => inTurn(containerPlan(view, container), container, () => due.slice(0, index).some((earlier) => holdsBack(view, earlier))))
  const hooks = containersOf(pod).map(({ spec }): PodPlan => hookPlan(spec.name, containerRecord(record, spec.name)))
  const stops = containersOf(pod).map((container) => planContainerStop(view, container))
  return merge([...ready, ...starts, ...hooks, ...stops])
}

const retry = (step: Step, retryAtMs: number, nowMs: number): PodPlan => (isDue(retryAtMs, nowMs) ? { steps: [step] } : { steps: [], wakeAtMs: retryAtMs })

function sandboxPlan({ sandbox }: PodRecord, nowMs: number): PodPlan {
  if (sandbox.kind === 'ready' || sandbox.kind === 'gone') return { steps: [] }
  return retry({ kind: 'prepare-sandbox' }, sandbox.kind === 'failed' ? sandbox.retryAtMs : nowMs, nowMs)
}

function volumesPlan({ volumes }: PodRecord, nowMs: number): PodPlan {
  if (volumes.kind === 'ready') return { steps: [] }
  return retry({ kind: 'prepare-volumes' }, volumes.kind === 'waiting' ? volumes.retryAtMs : nowMs, nowMs)
}

/** The containers that should be running now: init containers one after the other, sidecars from their turn on, then the rest. */
export function dueContainers(pod: Pod, record: PodRecord): readonly PodContainer[] {
  const due: PodContainer[] = []
  const all = containersOf(pod)
  for (const container of all.filter((one) => one.kind === 'init' || one.kind === 'sidecar')) {
    const state = containerRecord(record, container.spec.name)
    if (container.kind === 'sidecar') {
      due.push(container)
      // Until the main ones have run once, a sidecar that is not up holds back what comes after it.
      if (!record.initialized && !(state.now.kind === 'running' && state.started && state.now.hook !== 'due')) return due
    } else if (!record.initialized && !(state.now.kind === 'exited' && state.now.ended.exitCode === 0)) {
      return [...due, container]
    }
  }
  return [...due, ...all.filter((one) => one.kind === 'main' || one.kind === 'ephemeral')]
}

/**
 * Main containers start in the order in which they stand in the pod, each when the hook of the one before has ended: people put first what the others
 * need (a proxy that waits in its hook until it is ready). Images are fetched side by side all the same.
 */
const inTurn = (plan: PodPlan, { kind }: PodContainer, isHeldBack: () => boolean): PodPlan => (kind === 'main' && plan.steps.some(isStart) && isHeldBack() ? { ...plan, steps: plan.steps.filter((step) => !isStart(step)) } : plan)

const isStart = (step: Step): boolean => step.kind === 'start-container'

/** It is about to start, or its hook runs. What cannot start as things are holds back nobody. */
function holdsBack(view: PodView, container: PodContainer): boolean {
  if (container.kind !== 'main') return false
  const { now, problem } = containerRecord(view.record, container.spec.name)
  if (now.kind === 'running') return now.hook === 'due'
  return problem === undefined && containerPlan(view, container).steps.some((step) => isStart(step) || step.kind === 'ensure-image')
}

function containerPlan(view: PodView, container: PodContainer): PodPlan {
  const { pod, record, nowMs } = view
  const state = containerRecord(record, container.spec.name)
  if (state.now.kind === 'running') return changedPlan(view, container)
  if (state.now.kind === 'waiting') return startPlan(view, container, { attempt: state.attempt })
  const { ended } = state.now
  if (state.stop?.why === 'changed') return startPlan(view, container, { attempt: state.attempt + 1 })
  if (!shouldRestart(pod, container, ended)) return { steps: [] }
  const next = nextStart(state, ended, nowMs)
  if (next.kind === 'now' && ruleFor(container, ended) === 'RestartAllContainers') return { steps: [{ kind: 'note-restart-all', container: container.spec.name, backoff: next.backoff }] }
  if (next.kind === 'now') return startPlan(view, container, { attempt: state.attempt + 1, backoff: next.backoff })
  const told = state.waiting?.untilMs === next.untilMs
  const note: Step = { kind: 'note-wait', container: container.spec.name, untilMs: next.untilMs, delayMs: next.delayMs, event: events.backOff(pod, container.spec.name) }
  return { steps: told ? [] : [note], wakeAtMs: next.untilMs }
}

/** An image that was changed in the object: the container is stopped and started anew, under every policy. */
function changedPlan({ record, nowMs, pod }: PodView, { spec }: PodContainer): PodPlan {
  const state = containerRecord(record, spec.name)
  if (state.stop !== undefined || state.image === undefined || spec.image === undefined || state.image.reference === spec.image) return { steps: [] }
  const graceMs = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
  return { steps: [{ kind: 'stop-container', container: spec.name, stop: { why: 'changed', sinceMs: nowMs, graceMs, stage: 'begin' }, event: events.definitionChanged(spec.name) }] }
}

type StartOf = Pick<Extract<Step, { kind: 'start-container' }>, 'attempt' | 'backoff'>

/** The image first (beside network and volumes, but not while these are in trouble: kubelet pulls nothing before they are there), then the start. */
function startPlan({ pod, record, nowMs, mayRun }: PodView, { spec }: PodContainer, start: StartOf): PodPlan {
  if (awaitsPlace(record)) return { steps: [] }
  const state = containerRecord(record, spec.name)
  const { problem } = state
  if (problem?.of === 'image') return imageProblemPlan(spec.name, problem.volumeImage ?? spec.image ?? '', { problem, nowMs, attempt: start.attempt })
  const isOld = spec.imagePullPolicy === 'Always' && (state.image?.attempt ?? 0) < start.attempt
  if (state.image === undefined || state.image.reference !== spec.image || isOld || missingImageVolumes(pod, record, spec).length > 0) return { steps: [{ kind: 'ensure-image', container: spec.name, attempt: start.attempt }] }
  if (record.sandbox.kind !== 'ready' || record.volumes.kind !== 'ready') return { steps: [] }
  // Its group may not hold yet what it was given.
  if (record.resize?.running?.isWide === false && record.resize.running.error === undefined) return { steps: [] }
  if (!mayRun) return { steps: [], wakeAtMs: nowMs + RIGHT_AGAIN_MS }
  return retry({ kind: 'start-container', container: spec.name, ...start }, problem?.retryAtMs ?? nowMs, nowMs)
}

interface ImageProblem {
  readonly problem: NonNullable<ContainerRecord['problem']>
  readonly nowMs: number
  readonly attempt: number
}

function imageProblemPlan(name: string, image: string, { problem, nowMs, attempt }: ImageProblem): PodPlan {
  if (isDue(problem.retryAtMs, nowMs)) return { steps: [{ kind: 'ensure-image', container: name, attempt }] }
  if (problem.reason !== 'ErrImagePull') return { steps: [], wakeAtMs: problem.retryAtMs }
  const shownUntil = problem.sinceMs + PULL_ERROR_SHOWN_MS
  if (!isDue(shownUntil, nowMs, PULL_ERROR_SHOWN_MS)) return { steps: [], wakeAtMs: shownUntil }
  return { steps: [{ kind: 'note-pull-wait', container: name, message: pullBackOffMessage(image, problem.message), event: events.pullBackOff(problem.volumeImage === undefined ? name : undefined, image), failed: events.startFailed(name, 'ImagePullBackOff') }], wakeAtMs: problem.retryAtMs }
}

const hookPlan = (name: string, { now }: ContainerRecord): PodPlan => ({ steps: now.kind === 'running' && now.hook === 'due' ? [{ kind: 'post-start', container: name }] : [] })
