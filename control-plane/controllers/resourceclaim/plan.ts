/** The claims that pods let be made from templates. PURE. */
import type { Pod, PodResourceClaim, PodResourceClaimStatus, ResourceClaimTemplate, ResourceV1ResourceClaim } from '../../../shared/model/gen/api.ts'
import { controllerOf, isTerminating, nameOf, namespaceOf, uidOf } from '../../../shared/model/meta.ts'
import { isMadeFor, wantedClaim } from '../../../shared/model/resource-claim.ts'

/** On a claim that was made from a template: for which entry of `spec.resourceClaims`. */
export const POD_CLAIM_NAME = 'resource.kubernetes.io/pod-claim-name'
/** With a hyphen and five letters of the server's own it is as long as a label may be. */
const NAME_BASE = 57

export interface Found {
  /** By name, in the pod's namespace. */
  claim(name: string): ResourceV1ResourceClaim | undefined
  template(name: string): ResourceClaimTemplate | undefined
  /** What the pod controls. */
  readonly own: readonly ResourceV1ResourceClaim[]
}

export type Step =
  | { readonly kind: 'create'; readonly entry: string; readonly claim: ResourceV1ResourceClaim }
  /** It was made, but the pod does not tell so yet. */
  | { readonly kind: 'tell'; readonly status: PodResourceClaimStatus }
  /** Nothing can be done for this entry and those after it. */
  | { readonly kind: 'fail'; readonly entry: string; readonly message: string }
  /** The pod will not run (any more). */
  | { readonly kind: 'remove'; readonly claim: ResourceV1ResourceClaim }

/** What is to be done for a pod, in this order. */
export function planClaims(pod: Pod, found: Found): readonly Step[] {
  if (isDone(pod)) return found.own.filter((claim) => claim.metadata.annotations?.[POD_CLAIM_NAME] !== undefined && !isTerminating(claim)).map((claim) => ({ kind: 'remove', claim }))
  if (isTerminating(pod)) return []
  const steps: Step[] = []
  for (const entry of pod.spec?.resourceClaims ?? []) {
    const step = planEntry(pod, entry, found)
    if (step) steps.push(step)
    if (step?.kind === 'fail') break
  }
  return steps
}

const isDone = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || (isTerminating(pod) && !pod.spec?.nodeName)

function planEntry(pod: Pod, entry: PodResourceClaim, found: Found): Step | undefined {
  const { name, resourceClaimTemplateName: from } = entry
  const wanted = wantedClaim(pod, entry)
  if (from === undefined || wanted.kind === 'needless') return undefined
  const known = wanted.kind === 'named' ? found.claim(wanted.name) : undefined
  if (known && isMadeFor(pod, known)) return undefined
  const made = found.own.find((claim) => claim.metadata.annotations?.[POD_CLAIM_NAME] === name)
  if (made) return { kind: 'tell', status: { name, resourceClaimName: nameOf(made) } }
  const template = found.template(from)
  if (!template) return { kind: 'fail', entry: name, message: `resource claim template "${from}": resourceclaimtemplate.resource.k8s.io "${from}" not found` }
  return { kind: 'create', entry: name, claim: claimFrom(template, pod, name) }
}

function claimFrom({ spec: { metadata, spec } }: ResourceClaimTemplate, pod: Pod, entry: string): ResourceV1ResourceClaim {
  return {
    metadata: {
      namespace: namespaceOf(pod),
      generateName: generateName(nameOf(pod), entry),
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [POD_CLAIM_NAME]: entry },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: nameOf(pod), uid: uidOf(pod), controller: true, blockOwnerDeletion: true }],
    },
    spec,
  }
}

/** `POD-ENTRY-`; of names that are too long together as much of each as its share. */
function generateName(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`
  if (whole.length <= NAME_BASE) return whole
  const part = (name: string): string => name.slice(0, Math.floor((name.length * NAME_BASE) / whole.length))
  return `${part(pod)}-${part(entry)}`
}

/** The pod that a claim was made for, by its key. */
export function podOf(claim: ResourceV1ResourceClaim): string | undefined {
  const owner = controllerOf(claim)
  return owner?.kind === 'Pod' ? `${namespaceOf(claim)}/${owner.name}` : undefined
}
