/** What is decided about nodes, as sentences for people. */
import { assertNever } from '../../shared/model/assert.ts'
import { formatMicroTime } from '../../shared/model/time.ts'
import type { FenceEvidence, Unsteady } from '../heartbeats/port.ts'

/** `400 ms`, `1.2 s`, `20 s`, `3 min`. */
export function lengthText(ms: number): string {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`
}

/** `17:50:01.123` */
export const clockText = (wallMs: number): string => formatMicroTime(wallMs).slice(11, 23)

interface Fenced {
  readonly evidence: FenceEvidence
  readonly atMs: number
}

export function fencedText(nodeName: string, { evidence, atMs }: Fenced): string {
  const at = `fenced at ${clockText(atMs)}`
  switch (evidence.kind) {
    case 'lease-ended':
      return `${nodeName}: no heartbeat for ${lengthText(evidence.silentForMs)}; ${evidence.seen} of ${evidence.of} members seen; ${at}${unsteadyText(evidence.unsteady)}`
    case 'rebooted':
      return `${nodeName}: booted anew (boot id ${evidence.bootId}), so nothing of before runs, and has not registered since; ${at}`
    case 'confirmed':
      return `${nodeName}: confirmed dead by ${evidence.by}; ${at}`
    case 'never-admitted':
      return `${nodeName}: its agent left before it was admitted and stayed away, so it has no right to run pods; ${at}`
    default:
      return assertNever(evidence)
  }
}

const unsteadyText = (unsteady: Unsteady | undefined): string =>
  unsteady ? `; its pods have lost their right ${unsteady.times} times within ${lengthText(unsteady.withinMs)} (does its agent crash in a loop?): admitted again when its agent has been steady for ${lengthText(unsteady.holdMs)}` : ''

export interface Undecided {
  readonly silentForMs: number
  readonly seen: number
  readonly of: number
}

export const undecidedText = (nodeName: string, { silentForMs, seen, of }: Undecided): string =>
  `${nodeName}: no heartbeat for ${lengthText(silentForMs)}; ${seen} of ${of} members seen, fewer than half: not decided; its pods stay until it is back, rebooted, or confirmed dead (gantry node confirm-dead ${nodeName})`
