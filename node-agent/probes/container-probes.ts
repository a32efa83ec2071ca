import type { Clock } from '../../shared/kit/clock.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { Container, Pod, Probe } from '../../shared/model/gen/api.ts'
import { expandVariables } from '../../shared/model/expansion.ts'
import { runHandler, type HandlerDoor } from './handler.ts'
import { startProber } from './prober.ts'
import type { ProbeResult } from './threshold.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ContainerProbesOptions {
  readonly pod: Pod
  readonly container: Container
  readonly containerId: string
  readonly podIP: string
  readonly startedMs: number
  /** The startup probe has passed before (the container was found running). */
  readonly startedUp: boolean
  /** Found running after the agent's start: the first tries are spread over a period, so that not all come at once. */
  readonly spread: boolean
  readonly door: HandlerDoor
  readonly clock: Clock
  readonly random: Random
  /** A verdict of one of the probes. */
  readonly onVerdict: (kind: ProbeKind, verdict: 'success' | 'failure') => void
  /** A try that did not simply succeed, for the event. */
  readonly onTrouble: (kind: ProbeKind, result: ProbeResult) => void
}

const NAMES: Readonly<Record<ProbeKind, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' }

/** What the event says of a try. */
export const troubleWords = (kind: ProbeKind, { kind: result, output }: ProbeResult): string =>
  result === 'warning' ? `${NAMES[kind]} probe warning: ${output}` : result === 'unknown' ? `${NAMES[kind]} probe errored and resulted in unknown state: ${output}` : `${NAMES[kind]} probe failed: ${output}`

/** Runs a container's probes: the startup probe first, the others once it has passed. Answers how to stop them. */
export function startContainerProbes(options: ContainerProbesOptions): () => void {
  const { container } = options
  const stops: Array<() => void> = []
  const begin = (kind: ProbeKind, probe: Probe | undefined, endsWith: ReadonlyArray<'success' | 'failure'>): void => {
    if (probe !== undefined) stops.push(startOne(options, { kind, probe, endsWith: new Set(endsWith), onSuccess: kind === 'startup' ? others : () => {} }))
  }
  const others = (): void => {
    begin('liveness', container.livenessProbe, ['failure'])
    begin('readiness', container.readinessProbe, [])
  }
  if (container.startupProbe !== undefined && !options.startedUp) begin('startup', container.startupProbe, ['success', 'failure'])
  else others()
  return () => {
    for (const stop of stops) stop()
  }
}

/** Variables in the command of a probe are those that the container's own list gives a value, as it is written there (kubelet, ExpandContainerCommandOnlyStatic). */
function asRun(probe: Probe, { env = [] }: Container): Probe {
  if (probe.exec?.command === undefined) return probe
  const known = Object.fromEntries(env.map(({ name, value }) => [name, value ?? '']))
  return { ...probe, exec: { command: probe.exec.command.map((word) => expandVariables(word, known)) } }
}

interface One {
  readonly kind: ProbeKind
  readonly probe: Probe
  readonly endsWith: ReadonlySet<'success' | 'failure'>
  readonly onSuccess: () => void
}

function startOne(options: ContainerProbesOptions, { kind, probe, endsWith, onSuccess }: One): () => void {
  const { pod, container, containerId, podIP, clock, random } = options
  const elapsedMs = Math.max(0, clock.nowMs() - options.startedMs)
  const delayMs = Math.max(0, (probe.initialDelaySeconds ?? 0) * 1000 - elapsedMs)
  const spreadMs = options.spread ? random.next() * (probe.periodSeconds ?? 10) * 1000 : 0
  return startProber({
    probe,
    clock,
    random,
    endsWith,
    isEager: kind === 'readiness',
    firstAfterMs: delayMs + spreadMs,
    attempt: (signal) => runHandler(options.door, { handler: asRun(probe, container), place: { pod, container, containerId, podIP }, timeoutMs: (probe.timeoutSeconds ?? 1) * 1000, signal }),
    onResult(result, verdict) {
      if (result.kind !== 'success') options.onTrouble(kind, result)
      if (verdict === undefined) return
      options.onVerdict(kind, verdict)
      if (verdict === 'success') onSuccess()
    },
  })
}
