import type { Namespace, ResourceClaimSpec, ResourceClaimTemplate, ResourceV1ResourceClaim as ResourceClaim } from '../../../shared/model/gen/api.ts'
import { forbidden } from '../../../shared/model/field-error.ts'
import { invalid } from '../status.ts'
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts'
import { type AdmissionSources, findObject, namespacesResource } from './sources.ts'

const LABEL = 'resource.kubernetes.io/admin-access'

/** Kubernetes asks this in its registry: devices that others use are looked into only from namespaces that are said to be for that. */
export const deviceAdmin = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'DeviceAdminAccess',
  resources: ['resource.k8s.io/resourceclaims', 'resource.k8s.io/resourceclaimtemplates'],
  validate(request) {
    const wanting = request.operation === 'CREATE' || request.operation === 'UPDATE' ? wantingPath(request) : undefined
    return wanting === undefined ? undefined : requireLabel(sources, request, wanting)
  },
})

/** Of the field that wants it. */
function wantingPath({ store, subresource, object, old }: AdmissionRequest): string | undefined {
  const { group, plural } = store.definition
  if (group !== 'resource.k8s.io') return undefined
  if (plural === 'resourceclaimtemplates' && subresource === '') return inSpec((object as unknown as ResourceClaimTemplate).spec.spec)
  if (plural !== 'resourceclaims') return undefined
  const claim = object as unknown as ResourceClaim
  if (subresource === '') return inSpec(claim.spec)
  return subresource === 'status' && !(old && inStatus(old as unknown as ResourceClaim)) ? inStatus(claim) : undefined
}

/** A template's too is told as if it were a claim. */
function inSpec({ devices }: ResourceClaimSpec): string | undefined {
  const index = (devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess === true)
  return index < 0 ? undefined : `spec.devices.requests[${index}].adminAccess`
}

function inStatus({ status }: ResourceClaim): string | undefined {
  const index = (status?.allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess === true)
  return index < 0 ? undefined : `status.allocation.devices.results[${index}].adminAccess`
}

async function requireLabel(sources: AdmissionSources, request: AdmissionRequest, path: string): Promise<void> {
  const namespace = (await findObject(sources, namespacesResource, { namespace: '', name: request.namespace, signal: request.call.signal })) as unknown as Namespace | undefined
  if (namespace?.metadata.labels?.[LABEL] === 'true') return
  throw invalid(request.store.kind, request.name, [forbidden(path, `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`)])
}
