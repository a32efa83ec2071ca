import type { Allocation } from './allocation.ts'
import type { Backoff, ContainerStop, PodStop, ResizeRecord, Verdict } from './record.ts'
import type { PodEvent } from './words.ts'

/** Something to be done for a pod: said by the plan, done by the sync. Steps of different keys run side by side. */
export type Step = ActionStep | NoteStep

/** Changes the world; how it went comes back as a new record. */
export type ActionStep =
  | { readonly kind: 'prepare-sandbox' }
  | { readonly kind: 'prepare-volumes' }
  | { readonly kind: 'ensure-image'; readonly container: string; readonly attempt: number }
  | { readonly kind: 'start-container'; readonly container: string; readonly attempt: number; readonly backoff?: Backoff | undefined }
  | { readonly kind: 'post-start'; readonly container: string }
  /** Runs at most `limitMs`. */
  | { readonly kind: 'pre-stop'; readonly container: string; readonly limitMs: number }
  | { readonly kind: 'signal'; readonly container: string; readonly force: boolean }
  /** What is left of an attempt that has ended. */
  | { readonly kind: 'delete-container'; readonly container: string; readonly id: string }
  /** The groups of what runs are changed to what the pod was given. */
  | { readonly kind: 'resize' }
  /** Network, volumes and groups of a pod in which nothing runs any more. */
  | { readonly kind: 'clean-up' }

/** Changes the record only: a decision, with the event that tells of it. */
export type NoteStep =
  | { readonly kind: 'stop-pod'; readonly stop: PodStop; readonly verdict?: Verdict | undefined; readonly event?: PodEvent | undefined }
  | { readonly kind: 'stop-container'; readonly container: string; readonly stop: ContainerStop; readonly event?: PodEvent | undefined }
  | { readonly kind: 'note-wait'; readonly container: string; readonly untilMs: number; readonly delayMs: number; readonly event: PodEvent }
  | { readonly kind: 'note-pull-wait'; readonly container: string; readonly message: string; readonly event: PodEvent; readonly failed: PodEvent }
  /** A container's end asks for a new start of all. */
  | { readonly kind: 'note-restart-all'; readonly container: string; readonly backoff?: Backoff | undefined }
  /** None of them runs any more: they begin anew. */
  | { readonly kind: 'note-all-down'; readonly containers: readonly string[] }
  | { readonly kind: 'note-resize'; readonly allocated?: Allocation | undefined; readonly resize: ResizeRecord; readonly event?: PodEvent | undefined }

export interface PodPlan {
  readonly steps: readonly Step[]
  /** When to plan again though nothing happened. */
  readonly wakeAtMs?: number | undefined
}

/** Several plans as one. */
export function merge(plans: readonly PodPlan[]): PodPlan {
  const wakes = plans.flatMap((plan) => (plan.wakeAtMs === undefined ? [] : [plan.wakeAtMs]))
  return { steps: plans.flatMap((plan) => plan.steps), ...(wakes.length === 0 ? {} : { wakeAtMs: Math.min(...wakes) }) }
}

/** At most one step of a key runs at a time. Containers of a pod start one after the other, as kubelet starts them. */
export function stepKey(step: Step): string {
  switch (step.kind) {
    case 'prepare-sandbox':
    case 'prepare-volumes':
    case 'clean-up':
    case 'resize':
    case 'note-resize':
    case 'note-restart-all':
    case 'note-all-down':
    case 'stop-pod':
      return step.kind
    case 'start-container':
      return 'start-container'
    case 'delete-container':
      return `delete-container ${step.id}`
    case 'ensure-image':
    case 'post-start':
    case 'pre-stop':
    case 'signal':
    case 'stop-container':
    case 'note-wait':
    case 'note-pull-wait':
      return `${step.kind} ${step.container}`
  }
}
