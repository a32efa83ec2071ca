/** Paths nobody comes to own. */
import { ownMember } from '../../../shared/model/json.ts'
import { difference, type FieldNode } from './field-set.ts'

const METADATA = ['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion']

/** What identifies an object, and what only the server writes. */
const stripped: FieldNode = { 'f:apiVersion': {}, 'f:kind': {}, 'f:metadata': { '.': {}, ...Object.fromEntries(METADATA.map((name) => [`f:${name}`, {}])) } }

export const withoutStripped = (set: FieldNode): FieldNode => difference(set, stripped)

type Paths = ReadonlyArray<readonly string[]>

/** Kinds without a status, and those whose status endpoint takes care of more than `spec`. */
const special: Readonly<Record<string, Paths>> = {
  Pod: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']],
  Deployment: [['spec'], ['metadata', 'labels']],
  ...Object.fromEntries(['CustomResourceDefinition', 'FlowSchema', 'PriorityLevelConfiguration', 'ResourceClaim', 'ValidatingAdmissionPolicy', 'VolumeAttachment'].map((kind) => [kind, [['spec'], ['metadata']]])),
}

/** A request for a certificate says nothing that its sender could change later; approving and signing write a part of the status each. */
const certificateSigningRequest: Readonly<Record<string, Paths>> = {
  '': [['spec'], ['status']],
  approval: [['spec'], ['status', 'certificate']],
  status: [['spec'], ['status', 'conditions']],
}

/** Fields that an endpoint of a kind ignores, so that whoever writes through it does not come to own them. */
export function resetPaths(kind: string, subresource: string): Paths {
  if (kind === 'CertificateSigningRequest') return ownMember(certificateSigningRequest, subresource) ?? []
  if (subresource === 'status') return ownMember(special, kind) ?? [['spec']]
  return subresource === '' ? [['status']] : []
}
