/**
 * Since when a change has been waiting to be seen in a service's endpoints: what proxies measure how late they are from. As in Kubernetes it is
 * the earliest of what changed since the last look, and where a service is looked at for the first time, when it was made.
 */
import type { Pod, Service } from '../../../shared/model/gen/api.ts'
import { keyOf, type KubeObject } from '../../../shared/model/meta.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { podCondition } from './pod-state.ts'

export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

interface Seen {
  /** When the service was made. */
  readonly madeAt: string
  /** By pod: when it last became ready, or stopped to be. */
  readonly turnedAt: ReadonlyMap<string, string>
}

export class TriggerTimes {
  readonly #seen = new Map<string, Seen>()

  /**
   * To be asked at every look at the service, also where nothing will be written: it remembers what was seen.
   * RFC 3339; undefined if no pod's readiness has turned since.
   */
  look(service: Service, pods: readonly Pod[]): string | undefined {
    const key = keyOf(service)
    const before = this.#seen.get(key)
    const madeAt = service.metadata.creationTimestamp ?? ''
    const turned = pods.flatMap((pod): Array<readonly [string, string]> => {
      const at = podCondition(pod, 'Ready')?.lastTransitionTime
      return at ? [[pod.metadata.name ?? '', at]] : []
    })
    this.#seen.set(key, { madeAt, turnedAt: new Map(turned) })
    if (!before) return madeAt || undefined
    const news = turned.filter(([name, at]) => isLater(at, before.turnedAt.get(name))).map(([, at]) => at)
    if (isLater(madeAt, before.madeAt)) news.push(madeAt)
    return news.reduce<string | undefined>((first, at) => (first === undefined || isLater(first, at) ? at : first), undefined)
  }

  /** The service is gone. */
  forget(key: string): void {
    this.#seen.delete(key)
  }
}

/** What was never is before everything. */
const isLater = (a: string, b: string | undefined): boolean => (parseTime(a) ?? -Infinity) > (parseTime(b) ?? -Infinity)

/** The object with that time, or with none. */
export function withTriggerTime<T extends KubeObject>(object: T, at: string | undefined): T {
  const { [TRIGGER_TIME]: _before, ...others } = object.metadata.annotations ?? {}
  const annotations = at === undefined ? others : { ...others, [TRIGGER_TIME]: at }
  const { annotations: _annotations, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) } }
}
