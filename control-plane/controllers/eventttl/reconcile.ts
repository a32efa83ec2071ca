/** Removes Events an hour after they last happened. */
import { nameOf, namespaceOf, uidOf } from '../../../shared/model/meta.ts'
import { events } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { again, type Controller, type ControllerParts } from '../controller.ts'
import { isExpired } from './plan.ts'

const SWEEP_PERIOD_MS = 60_000

export function createEventTtlController({ client, clock }: ControllerParts): Controller {
  return {
    name: 'eventttl',
    workers: 1,
    start(enqueue) {
      enqueue('sweep', SWEEP_PERIOD_MS)
      return () => {}
    },
    async reconcile() {
      const { items } = await client.list(events, { resourceVersion: '0' })
      for (const event of items.filter((one) => isExpired(one, clock.nowMs()))) {
        await client.delete(events, { namespace: namespaceOf(event), name: nameOf(event) }, { preconditions: { uid: uidOf(event) } }).catch(ignoreMissing)
      }
      return again(SWEEP_PERIOD_MS)
    },
  }
}
