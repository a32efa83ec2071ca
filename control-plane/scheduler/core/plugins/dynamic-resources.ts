import type { Pod, ResourceV1ResourceClaim } from '../../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../../shared/model/json.ts'
import { isTerminating, objectKey } from '../../../../shared/model/meta.ts'
import { isMadeFor, wantedClaim } from '../../../../shared/model/resource-claim.ts'
import type { FilterPlugin } from '../framework.ts'
import type { Snapshot } from '../state.ts'

/** The claims a pod needs, each once it is there; undefined where one is not, or not the pod's, or on its way out. */
function claimsOf(pod: Pod, { findClaim }: Snapshot): ReadonlyArray<ResourceV1ResourceClaim | undefined> {
  return (pod.spec?.resourceClaims ?? []).flatMap((entry) => {
    const wanted = wantedClaim(pod, entry)
    if (wanted.kind === 'needless') return []
    const claim = wanted.kind === 'named' ? findClaim(objectKey(pod.metadata.namespace ?? '', wanted.name)) : undefined
    return [claim && !isTerminating(claim) && (wanted.kind !== 'named' || !wanted.generated || isMadeFor(pod, claim)) ? claim : undefined]
  })
}

/** A pod whose claims are not all there is not tried, and nothing is said of it (kube-scheduler's PreEnqueue). */
export const hasItsClaims = (pod: Pod, snapshot: Snapshot): boolean => claimsOf(pod, snapshot).every((claim) => claim !== undefined)

/**
 * Devices for claims. No driver can offer any to this cluster (nothing reads ResourceSlices), so a pod that needs a claim goes nowhere, as with a real
 * server that has no drivers.
 */
export const dynamicResources: FilterPlugin = {
  name: 'DynamicResources',
  rejects({ pod }, snapshot) {
    for (const claim of claimsOf(pod, snapshot)) {
      for (const { name, exactly, firstAvailable = [] } of claim?.spec.devices?.requests ?? []) {
        const classes = [...(exactly ? [[name, exactly.deviceClassName] as const] : []), ...firstAvailable.map((one) => [`${name}/${one.name}`, one.deviceClassName] as const)]
        const missing = classes.find(([, deviceClass]) => !snapshot.hasDeviceClass(deviceClass))
        if (missing) return `request ${missing[0]}: device class ${missing[1]} does not exist`
      }
    }
    return undefined
  },
  filter({ pod }, snapshot) {
    const claims = claimsOf(pod, snapshot)
    if (claims.length === 0) return undefined
    const detail = claims.includes(undefined) ? 'a claim of the pod is not there' : 'no driver offers devices'
    return () => ({ reasons: ['cannot allocate all claims'], resolvable: false, detail })
  },
  local: false,
  helps: (_, event) => event.kind === 'devices' || (event.kind === 'node' && !deepEqual(event.node.before?.labels, event.node.after?.labels)),
}
