/** Makes claims from the templates that pods name, tells the pods which, and removes them when the pods are done. */
import { Fault } from '../../../shared/kit/faults.ts'
import type { Pod, PodResourceClaimStatus, ResourceV1ResourceClaim } from '../../../shared/model/gen/api.ts'
import { nameOf, namespaceOf, objectKey, uidOf } from '../../../shared/model/meta.ts'
import { pods, resourceClaims, resourceClaimTemplates } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { BY_CONTROLLER, byController } from '../ownership/indexes.ts'
import { planClaims, podOf, type Step } from './plan.ts'

const COMPONENT = 'resource_claim'
const FIELD_MANAGER = 'ResourceClaimController'

export function createResourceClaimController({ client, informers, events }: ControllerParts): Controller {
  const podInformer = informers.for(pods)
  const templates = informers.for(resourceClaimTemplates)
  const claims = new OwnWrites<ResourceV1ResourceClaim>(informers.for(resourceClaims))
  claims.addIndex(BY_CONTROLLER, byController)

  /** @returns what the pod is to tell then. */
  async function take(pod: Pod, step: Step): Promise<readonly PodResourceClaimStatus[]> {
    switch (step.kind) {
      case 'create': {
        const made = await client.create(resourceClaims, step.claim)
        claims.wrote(made)
        return [{ name: step.entry, resourceClaimName: nameOf(made) }]
      }
      case 'tell':
        return [step.status]
      case 'remove':
        await client.delete(resourceClaims, { namespace: namespaceOf(step.claim), name: nameOf(step.claim) }, { preconditions: { uid: uidOf(step.claim) } }).catch(ignoreMissing)
        claims.deleted(step.claim)
        return []
      case 'fail':
        events.record(COMPONENT, referenceTo(pods, pod), { type: 'Warning', reason: 'FailedResourceClaimCreation', message: `PodResourceClaim ${step.entry}: ${step.message}` })
        throw new Fault('not-found', `PodResourceClaim ${step.entry}: ${step.message}`)
    }
  }

  return {
    name: 'resourceclaim',
    workers: 2,
    start(enqueue) {
      const stops = [
        podInformer.subscribe(({ key, after }) => after?.spec?.resourceClaims && enqueue(key)),
        informers.for(resourceClaims).subscribe(({ before, after }) => {
          for (const key of [before && podOf(before), after && podOf(after)]) if (key !== undefined) enqueue(key)
        }),
      ]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(key) {
      const pod = podInformer.get(key)
      if (!pod?.spec?.resourceClaims) return done
      const inNamespace = (name: string): string => objectKey(namespaceOf(pod), name)
      const statuses: PodResourceClaimStatus[] = []
      for (const step of planClaims(pod, { claim: (name) => claims.get(inNamespace(name)), template: (name) => templates.get(inNamespace(name)), own: claims.byIndex(BY_CONTROLLER, uidOf(pod)) })) statuses.push(...(await take(pod, step)))
      if (statuses.length > 0) await client.patch(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }, { type: 'strategic', body: { metadata: { uid: uidOf(pod) }, status: { resourceClaimStatuses: statuses.map(({ name, resourceClaimName = '' }) => ({ name, resourceClaimName })) } }, subresource: 'status', fieldManager: FIELD_MANAGER }).catch(ignoreMissing)
      return done
    },
  }
}
