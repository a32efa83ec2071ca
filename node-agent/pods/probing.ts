import type { Pod } from '../../shared/model/gen/api.ts'
import { startContainerProbes, troubleWords, type ProbeKind } from '../probes/container-probes.ts'
import type { PodParts } from './parts.ts'
import { containerRecord, withContainer, type PodContainer, type PodRecord } from './record.ts'
import { restartPolicyOf } from './restart.ts'
import type { Change } from './step-context.ts'
import { graceOf } from './view.ts'
import { events, type PodEvent } from './words.ts'

export interface ProbingOptions {
  readonly parts: PodParts
  readonly pod: () => Pod
  readonly podIP: () => string
  readonly change: (change: Change) => void
  readonly emit: (event: PodEvent) => void
}

interface Probed {
  readonly id: string
  readonly stop: () => void
}

/** Keeps the probes of one pod running: exactly those of the containers that run. */
export class Probing {
  readonly #options: ProbingOptions
  readonly #running = new Map<string, Probed>()

  constructor(options: ProbingOptions) {
    this.#options = options
  }

  /** @param spread the containers were found running: their first probes are spread in time. */
  follow(containers: readonly PodContainer[], record: PodRecord, spread: boolean): void {
    for (const container of containers) {
      const { name } = container.spec
      const { now, stop } = containerRecord(record, name)
      // A container that is being stopped is not probed any more, nor one whose hook holds it back, nor an adopted one before its address is known again.
      const id = now.kind === 'running' && stop === undefined && (now.hook === 'none' || now.hook === 'done') && this.#options.podIP() !== '' ? now.id : undefined
      const known = this.#running.get(name)
      if (known?.id === id) continue
      known?.stop()
      this.#running.delete(name)
      if (now.kind === 'running' && id !== undefined && container.kind !== 'init' && container.kind !== 'ephemeral') this.#start({ container, record, id, startedMs: now.startedMs, spread })
    }
  }

  stop(): void {
    for (const { stop } of this.#running.values()) stop()
    this.#running.clear()
  }

  #start({ container, record, id, startedMs, spread }: { readonly container: PodContainer; readonly record: PodRecord; readonly id: string; readonly startedMs: number; readonly spread: boolean }): void {
    const { parts, pod, podIP, emit } = this.#options
    const { spec } = container
    if (spec.startupProbe === undefined && spec.livenessProbe === undefined && spec.readinessProbe === undefined) return
    const stop = startContainerProbes({
      pod: pod(),
      container: spec,
      containerId: id,
      podIP: podIP(),
      startedMs,
      startedUp: containerRecord(record, spec.name).started,
      spread,
      door: { runtime: parts.runtime, network: parts.probes, clock: parts.clock },
      clock: parts.clock,
      random: parts.random,
      onVerdict: (kind, verdict) => this.#verdict({ container, id, kind, verdict }),
      onTrouble: (kind, result) => emit(result.kind === 'warning' ? events.probeWarning(spec.name, troubleWords(kind, result)) : events.unhealthy(spec.name, troubleWords(kind, result))),
    })
    this.#running.set(spec.name, { id, stop })
  }

  #verdict({ container, id, kind, verdict }: { readonly container: PodContainer; readonly id: string; readonly kind: ProbeKind; readonly verdict: 'success' | 'failure' }): void {
    const { parts, change, emit } = this.#options
    const { name } = container.spec
    const nowMs = parts.clock.nowMs()
    if (kind !== 'readiness' && verdict === 'failure') emit(events.probeKills(name, kind, restartPolicyOf(this.#options.pod(), container) !== 'Never'))
    change((record) => {
      const { now, stop } = containerRecord(record, name)
      if (now.kind !== 'running' || now.id !== id || stop !== undefined) return record
      if (kind === 'readiness') return withContainer(record, name, { ready: verdict === 'success' })
      if (verdict === 'success') return kind === 'startup' ? withContainer(record, name, { started: true }) : record
      return withContainer(record, name, { stop: { why: 'probe', sinceMs: nowMs, graceMs: this.#graceMs(container, kind), stage: 'begin' } })
    })
  }

  #graceMs({ spec }: PodContainer, kind: ProbeKind): number {
    const own = (kind === 'startup' ? spec.startupProbe : spec.livenessProbe)?.terminationGracePeriodSeconds
    return own === undefined ? graceOf(this.#options.pod()) : own * 1000
  }
}
