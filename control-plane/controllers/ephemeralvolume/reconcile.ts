/** Makes the claims of the ephemeral volumes of pods. */
import { Fault, messageOf } from '../../../shared/kit/faults.ts'
import type { PersistentVolumeClaim } from '../../../shared/model/gen/api.ts'
import { controllerOf, namespaceOf, objectKey } from '../../../shared/model/meta.ts'
import { persistentVolumeClaims, pods } from '../../../shared/model/resources.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { planClaims, type Step } from './plan.ts'

const COMPONENT = 'ephemeral_volume'

export function createEphemeralVolumeController({ client, informers, events }: ControllerParts): Controller {
  const podInformer = informers.for(pods)
  const claims = new OwnWrites<PersistentVolumeClaim>(informers.for(persistentVolumeClaims))

  async function take(step: Step): Promise<void> {
    if (step.kind === 'fail') throw new Fault('conflict', step.message)
    try {
      claims.wrote(await client.create(persistentVolumeClaims, step.claim))
    } catch (error) {
      throw new Fault('unavailable', `create PVC ${step.claim.metadata.name ?? ''}: ${messageOf(error)}`, { cause: error })
    }
  }

  return {
    name: 'ephemeralvolume',
    workers: 2,
    start(enqueue) {
      const stops = [
        podInformer.subscribe(({ key, after }) => after?.spec?.volumes?.some(({ ephemeral }) => ephemeral) && enqueue(key)),
        informers.for(persistentVolumeClaims).subscribe(({ before, after }) => {
          const owner = before && !after ? controllerOf(before) : undefined
          if (before && owner?.kind === 'Pod') enqueue(`${namespaceOf(before)}/${owner.name}`)
        }),
      ]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(key) {
      const pod = podInformer.get(key)
      if (!pod) return done
      for (const step of planClaims(pod, (name) => claims.get(objectKey(namespaceOf(pod), name)))) {
        try {
          await take(step)
        } catch (error) {
          events.record(COMPONENT, referenceTo(pods, pod), { type: 'Warning', reason: 'FailedBinding', message: `ephemeral volume ${step.volume}: ${messageOf(error)}` })
          throw error
        }
      }
      return done
    },
  }
}
