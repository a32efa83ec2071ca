import { deepEqual } from './json.ts'

/** How long each part of a pod's start took: told by its node, kept in one annotation. Pure. */
export const START_TIMELINE = 'gantry.dev/start-timeline'

/**
 * What a node saw of a pod's start: milliseconds after `seenMs` (wall time), when it first saw the pod. What has not happened is missing. Image, network and volumes
 * are made side by side; what is told of a container is told of the first main one.
 */
export interface NodeTimeline {
  readonly seenMs: number
  readonly image?: number | undefined
  readonly network?: number | undefined
  readonly volumes?: number | undefined
  readonly created?: number | undefined
  readonly started?: number | undefined
  readonly ready?: number | undefined
}

/** What the control plane saw, wall time. */
export interface BindingTimes {
  /** The pod was there, to be bound. */
  readonly queuedMs?: number | undefined
  readonly boundMs?: number | undefined
}

export interface StartStep {
  readonly step: 'queued' | 'bound' | 'image' | 'network' | 'volumes' | 'created' | 'started' | 'ready'
  readonly ms: number
}

/**
 * How long each part took: `queued` from the creation to the binding, `bound` on its way to the node, `image`, `network` and `volumes` each from there (side by side),
 * `created` from the last of them, `started` and `ready` each from the one before. Clocks of machines differ: nothing took less than no time.
 */
export function startSteps(node: NodeTimeline, { queuedMs, boundMs }: BindingTimes): readonly StartStep[] {
  const prepared = Math.max(0, node.image ?? 0, node.network ?? 0, node.volumes ?? 0)
  const took = (step: StartStep['step'], toMs: number | undefined, fromMs: number | undefined): readonly StartStep[] => (toMs === undefined || fromMs === undefined ? [] : [{ step, ms: Math.max(0, Math.round(toMs - fromMs)) }])
  return [
    ...took('queued', boundMs, queuedMs),
    ...took('bound', node.seenMs, boundMs),
    ...took('image', node.image, 0),
    ...took('network', node.network, 0),
    ...took('volumes', node.volumes, 0),
    ...took('created', node.created, prepared),
    ...took('started', node.started, node.created),
    ...took('ready', node.ready, node.started),
  ]
}

type Annotations = Readonly<Record<string, string>> | undefined

/** Annotations that people gave: a pod is not to learn of its own start while it starts. */
export function withoutTimeline(annotations: Annotations): Annotations {
  if (annotations?.[START_TIMELINE] === undefined) return annotations
  const { [START_TIMELINE]: _, ...rest } = annotations
  return rest
}

export const sameButTimeline = (a: Annotations, b: Annotations): boolean => deepEqual(withoutTimeline(a) ?? {}, withoutTimeline(b) ?? {})
