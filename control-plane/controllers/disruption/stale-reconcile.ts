/** Takes back what was announced of pods that are still there. */
import { pods } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts } from '../controller.ts'
import { disruptionLeftMs, withoutDisruption } from './stale.ts'

export function createStaleDisruptionController({ client, informers, clock }: ControllerParts): Controller {
  const known = informers.for(pods)
  return {
    name: 'stale-disruption',
    workers: 1,
    start: (enqueue) => known.subscribe(({ key, after }) => after && disruptionLeftMs(after, clock.nowMs()) !== undefined && enqueue(key)),
    async reconcile(key) {
      const pod = known.get(key)
      const leftMs = pod && disruptionLeftMs(pod, clock.nowMs())
      if (!pod || leftMs === undefined) return done
      if (leftMs > 0) return again(leftMs)
      // Compare-and-set: who is announced anew meanwhile is looked at anew.
      await client.update(pods, withoutDisruption(pod, clock.nowMs()), { subresource: 'status' }).catch(ignoreMissing)
      return done
    },
  }
}
