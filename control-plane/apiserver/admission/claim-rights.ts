/** What is told of a claim of devices takes rights of its own, beside those on its status: Kubernetes asks for them in its registry. */
import { type FieldError, forbidden } from '../../../shared/model/field-error.ts'
import type { AllocatedDeviceStatus, AllocationResult, ResourceClaimStatus, ResourceV1ResourceClaim } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { Access } from '../authz/access.ts'
import { forbiddenStatus } from '../authz/forbidden.ts'
import type { User } from '../request.ts'
import { invalid } from '../status.ts'
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts'

const GROUP = 'resource.k8s.io'
const NODE_KEY = 'authentication.kubernetes.io/node-name'

export const claimRights = (access: Access): AdmissionPlugin => ({
  name: 'ClaimRights',
  resources: [`${GROUP}/resourceclaims`],
  validate(request) {
    const { store, operation, subresource, object, old } = request
    if (store.definition.group !== GROUP || store.definition.plural !== 'resourceclaims' || operation !== 'UPDATE' || subresource !== 'status') return
    const [now, before] = [statusIn(object), statusIn(old)]
    const errors = [...bindingErrors(request, access, isSame(now.allocation, before.allocation) && isSame(now.reservedFor ?? [], before.reservedFor ?? [])), ...driverErrors(request, access, { now, before })]
    if (errors.length > 0) throw invalid(store.kind, request.name, errors)
  },
})

const statusIn = (claim: JsonObject | undefined): ResourceClaimStatus => (claim as unknown as ResourceV1ResourceClaim | undefined)?.status ?? {}
const isSame = (a: object | undefined, b: object | undefined): boolean => deepEqual(a as Json | undefined, b as Json | undefined)

interface Wanted {
  readonly verb: string
  readonly subresource: 'binding' | 'driver'
  readonly namespace: string
  readonly name: string
}

/** Why the user may not; `undefined`: allowed. */
function refusal({ call }: AdmissionRequest, { authorize }: Access, wanted: Wanted): string | undefined {
  const attributes = { kind: 'resource', user: call.user, group: GROUP, version: 'v1', resource: 'resourceclaims', fieldSelector: '', ...wanted } as const
  const decision = authorize(attributes)
  return decision.kind === 'allow' ? undefined : forbiddenStatus(attributes, decision.reason).message
}

const verbOf = ({ call }: AdmissionRequest): string => (call.isPatch ? 'patch' : 'update')

function bindingErrors(request: AdmissionRequest, access: Access, isKept: boolean): readonly FieldError[] {
  const verb = verbOf(request)
  const why = isKept ? undefined : refusal(request, access, { verb, subresource: 'binding', namespace: '', name: '' })
  return why === undefined ? [] : [forbidden('status', `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${verb}" permission: ${why}`)]
}

/** Whoever runs where the devices are may be given less than whoever tells of those of any node. */
function driverErrors(request: AdmissionRequest, access: Access, { now, before }: { readonly now: ResourceClaimStatus; readonly before: ResourceClaimStatus }): readonly FieldError[] {
  const node = nodeOf(now.allocation)
  const prefixes = node !== undefined && runsOn(request.call.user, node) ? ['associated-node', 'arbitrary-node'] : ['arbitrary-node']
  const verbs = prefixes.map((prefix) => `${prefix}:${verbOf(request)}`)
  return changedDrivers(now.devices ?? [], before.devices ?? []).flatMap((driver) => {
    const reasons = verbs.map((verb) => refusal(request, access, { verb, subresource: 'driver', namespace: request.namespace, name: driver }))
    return reasons.includes(undefined) ? [] : [forbidden('status.devices', `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission: ${reasons[0] ?? ''}`)]
  })
}

const idOf = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus): string => [driver, pool, device, shareID].join('/')

function changedDrivers(now: readonly AllocatedDeviceStatus[], before: readonly AllocatedDeviceStatus[]): readonly string[] {
  const byId = (devices: readonly AllocatedDeviceStatus[]): ReadonlyMap<string, AllocatedDeviceStatus> => new Map(devices.map((device) => [idOf(device), device]))
  const [nowById, beforeById] = [byId(now), byId(before)]
  const changed = [...now, ...before].filter((device) => !isSame(nowById.get(idOf(device)), beforeById.get(idOf(device))))
  return [...new Set(changed.map(({ driver }) => driver))].toSorted()
}

/** The one node that an allocation is for. */
function nodeOf(allocation: AllocationResult | undefined): string | undefined {
  const terms = allocation?.nodeSelector?.nodeSelectorTerms ?? []
  const { matchExpressions = [], matchFields = [] } = terms[0] ?? {}
  const [field] = matchFields
  if (terms.length !== 1 || matchExpressions.length > 0 || matchFields.length !== 1 || field?.key !== 'metadata.name' || field.operator !== 'In') return undefined
  return field.values?.length === 1 ? field.values[0] : undefined
}

function runsOn({ name, extra }: User, node: string): boolean {
  const nodes = extra[NODE_KEY] ?? []
  return name.startsWith('system:serviceaccount:') && nodes.length === 1 && nodes[0] === node
}
