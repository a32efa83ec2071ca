import { containerRecord, type ContainerStop, type PodContainer } from './record.ts'
import { isDue } from './restart.ts'
import { stepKey, type PodPlan, type Step } from './steps.ts'
import type { PodView } from './view.ts'

/** Time that a container gets after SIGTERM even where its hook used up the grace: kubelet's minimum. */
export const LEAST_AFTER_HOOK_MS = 2000

/** The next step of ending one container that is being stopped: hook, signal, and SIGKILL when its time is up. */
export function planContainerStop({ record, nowMs, inFlight }: PodView, { spec }: PodContainer): PodPlan {
  const state = containerRecord(record, spec.name)
  const { stop, now } = state
  if (stop === undefined || now.kind !== 'running') return { steps: [] }
  const signal: Step = { kind: 'signal', container: spec.name, force: stop.graceMs <= 0 }
  const kill: Step = { kind: 'signal', container: spec.name, force: true }
  const graceEnd = stop.sinceMs + stop.graceMs
  switch (stop.stage) {
    case 'begin': {
      if (spec.lifecycle?.preStop === undefined || stop.graceMs <= 0) return { steps: [signal] }
      return { steps: [{ kind: 'pre-stop', container: spec.name, limitMs: Math.max(0, graceEnd - nowMs) }] }
    }
    case 'hook':
      // After a restart of the agent nobody runs the hook any more.
      return inFlight.has(stepKey({ kind: 'pre-stop', container: spec.name, limitMs: 0 })) ? { steps: [] } : { steps: [signal] }
    case 'term':
      return { steps: [signal] }
    case 'signalled': {
      const killAtMs = killTime(stop)
      return isDue(killAtMs, nowMs, stop.graceMs + LEAST_AFTER_HOOK_MS) ? { steps: [kill] } : { steps: [], wakeAtMs: killAtMs }
    }
    case 'killed':
      return { steps: [] }
  }
}

/** When SIGKILL is due: at the end of the grace (as it is now, for it may have been shortened), but a moment after a hook that used it up. */
export const killTime = ({ sinceMs, graceMs, signalledMs, hooked }: ContainerStop): number => Math.max(sinceMs + graceMs, hooked === true && graceMs > 0 ? (signalledMs ?? sinceMs) + LEAST_AFTER_HOOK_MS : 0)
