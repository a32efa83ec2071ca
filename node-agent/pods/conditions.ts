import type { ContainerStatus, Pod, PodCondition } from '../../shared/model/gen/api.ts'
import { formatTime } from '../../shared/model/time.ts'
import { NEVER } from './never.ts'
import { containersOf, type PodRecord } from './record.ts'
import type { Phase, StatusInput, StatusLists } from './status.ts'

interface Finding {
  readonly status: 'True' | 'False'
  readonly reason?: string | undefined
  readonly message?: string | undefined
}

const TRUE: Finding = { status: 'True' }

/** The conditions this node owns, in kubelet's order. Those of others are kept by whoever writes the status. */
export function conditionsOf(input: StatusInput, { phase, lists }: { readonly phase: Phase; readonly lists: StatusLists }): readonly PodCondition[] {
  const { pod, record } = input
  const containers = containersReady(pod, phase, lists)
  return [
    ...resizeConditions(input),
    condition(input, 'PodReadyToStartContainers', canStart(record) ? TRUE : { status: 'False' }),
    condition(input, 'Initialized', initialized(pod, phase, lists)),
    condition(input, 'Ready', podReady(pod, containers)),
    condition(input, 'ContainersReady', containers),
    condition(input, 'PodScheduled', TRUE),
    ...(record.verdict?.isDisruption === true ? [condition(input, 'DisruptionTarget', { status: 'True', reason: 'TerminationByKubelet', message: record.verdict.message })] : []),
    ...(record.restartAll === undefined ? [] : [condition(input, 'AllContainersRestarting', { status: record.restartAll.isUnderWay ? 'True' : 'False' })]),
  ]
}

/** There while a resize waits, or is under way; gone when it is done. */
function resizeConditions(input: StatusInput): readonly PodCondition[] {
  const { pending, running } = input.record.resize ?? {}
  return [
    ...(pending === undefined ? [] : [{ ...condition(input, 'PodResizePending', { status: 'True', reason: pending.reason, message: pending.message }), observedGeneration: pending.generation }]),
    ...(running === undefined ? [] : [{ ...condition(input, 'PodResizeInProgress', { status: 'True', ...(running.error === undefined ? {} : { reason: 'Error', message: running.error }) }), observedGeneration: running.generation }]),
  ]
}

/** The network is made beside the volumes here, after them on Kubernetes; nothing starts without both. */
const canStart = ({ sandbox, volumes, containers }: PodRecord): boolean => sandbox.kind === 'ready' && (volumes.kind === 'ready' || Object.values(containers).some(({ now }) => now.kind !== 'waiting'))

function condition({ pod, before, nowMs }: StatusInput, type: string, finding: Finding): PodCondition {
  const earlier = before?.conditions?.find((one) => one.type === type) ?? pod.status?.conditions?.find((one) => one.type === type)
  const generation = pod.metadata.generation
  return {
    type,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    status: finding.status,
    lastProbeTime: NEVER,
    lastTransitionTime: earlier?.status === finding.status && earlier.lastTransitionTime !== undefined ? earlier.lastTransitionTime : formatTime(nowMs),
    ...(finding.reason === undefined ? {} : { reason: finding.reason }),
    ...(finding.message === undefined ? {} : { message: finding.message }),
  }
}

const list = (names: readonly string[]): string => `[${names.join(' ')}]`

function initialized(pod: Pod, phase: Phase, { init, main }: StatusLists): Finding {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  const anyMainStarted = main.some((one) => one.state?.running !== undefined || one.state?.terminated !== undefined || one.lastState?.terminated !== undefined)
  if (init.length === 0 || anyMainStarted) return TRUE
  const sidecars = new Set(containersOf(pod).filter((one) => one.kind === 'sidecar').map((one) => one.spec.name))
  const incomplete = init.filter((one) => (sidecars.has(one.name) ? one.started !== true : !one.ready)).map((one) => one.name)
  return incomplete.length === 0 ? TRUE : { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${list(incomplete)}` }
}

function containersReady(pod: Pod, phase: Phase, { init, main }: StatusLists): Finding {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const all = new Map<string, ContainerStatus>([...init, ...main].map((one) => [one.name, one]))
  const unready = containersOf(pod).filter(({ kind, spec }) => (kind === 'sidecar' || kind === 'main') && all.get(spec.name)?.ready !== true)
  return unready.length === 0 ? TRUE : { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: ${list(unready.map((one) => one.spec.name))}` }
}

/** Ready when its containers are and every gate of the pod says True. */
function podReady(pod: Pod, containers: Finding): Finding {
  if (containers.status !== 'True') return containers
  const problems = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }): readonly string[] => {
    const gate = pod.status?.conditions?.find((one) => one.type === conditionType)
    if (gate === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    return gate.status === 'True' ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`]
  })
  return problems.length === 0 ? TRUE : { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') }
}
