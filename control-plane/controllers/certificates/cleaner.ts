/** Removes requests for certificates that are over. */
import { certificateSigningRequests } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts } from '../controller.ts'
import { uselessFromMs } from './age.ts'

export function createCertificateCleaner({ client, informers, clock }: ControllerParts): Controller {
  const requests = informers.for(certificateSigningRequests)
  return {
    name: 'certificate-cleaner',
    workers: 1,
    start: (enqueue) => requests.subscribe(({ key, after }) => after && enqueue(key)),
    async reconcile(name) {
      const request = requests.get(name)
      const fromMs = request && request.metadata.deletionTimestamp === undefined ? uselessFromMs(request) : undefined
      if (!request || fromMs === undefined) return done
      const leftMs = fromMs - clock.nowMs()
      if (leftMs > 0) return again(leftMs)
      await client.delete(certificateSigningRequests, { name }, { preconditions: { uid: request.metadata.uid } }).catch(ignoreMissing)
      return done
    },
  }
}
