import type { Pod } from '../../../shared/model/gen/api.ts'
import { dns1123LabelProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import { annotatedProfiles } from '../updates/apparmor.ts'
import { appArmorWarning, podSpecWarnings } from './pod-spec.ts'

const NAME = "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended"

export function podWarnings(pod: Pod, old: Pod | undefined, { subresource }: StrategyContext): readonly string[] {
  if (subresource === 'status' || !pod.spec) return []
  const spec = podSpecWarnings(pod.spec, { prefix: '', meta: pod.metadata })
  if (old) return spec
  const problems = dns1123LabelProblems(pod.metadata.name ?? '')
  const named = problems.length > 0 && pod.metadata.name ? [`${NAME}: [${problems.join(' ')}]`] : []
  return [...annotatedProfiles(pod).map((key) => appArmorWarning('metadata.annotations', key)), ...named, ...spec]
}
