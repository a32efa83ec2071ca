import type { ObjectMeta, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import { dns1123LabelProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import { knownSpecs } from '../known-specs.ts'
import { annotatedProfiles } from '../updates/apparmor.ts'
import { ipWarnings } from './addresses.ts'
import { appArmorWarning, podSpecWarnings } from './pod-spec.ts'

const NAME = "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended"

/** Of a new pod, whether or not it is accepted. */
export const earlyPodWarnings = (pod: Pod): readonly string[] => annotatedProfiles(pod).map((key) => appArmorWarning('metadata.annotations', key))

/** Whoever changes a pod is rarely who wrote it: only its addresses are told of then. */
export function podWarnings(pod: Pod, old: Pod | undefined, { subresource }: StrategyContext): readonly string[] {
  if (subresource === 'status') return addressWarnings(pod)
  if (old || !pod.spec) return []
  const problems = dns1123LabelProblems(pod.metadata.name ?? '')
  const named = problems.length > 0 && pod.metadata.name ? [`${NAME}: [${problems.join(' ')}]`] : []
  return [...named, ...ownSpecWarnings(pod.spec, pod.metadata)]
}

/** Specs of pods that nothing is to be told of, where the pod has no annotations. */
const harmless = knownSpecs()

function ownSpecWarnings(spec: PodSpec, meta: ObjectMeta): readonly string[] {
  const isBare = meta.annotations === undefined
  if (isBare && harmless.has(spec)) return []
  const warnings = podSpecWarnings(spec, { prefix: '', meta })
  if (isBare && warnings.length === 0) harmless.add(spec)
  return warnings
}

const addressWarnings = ({ status }: Pod): readonly string[] =>
  (['podIPs', 'hostIPs'] as const).flatMap((list) => (status?.[list] ?? []).flatMap(({ ip }, index) => (ip ? ipWarnings(`status.${list}[${index}].ip`, ip) : [])))
