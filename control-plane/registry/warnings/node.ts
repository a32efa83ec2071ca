import type { Node } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'

export function nodeWarnings({ spec }: Node, _old: Node | undefined, { subresource }: StrategyContext): readonly string[] {
  if (subresource === 'status') return []
  const warnings: string[] = []
  if (spec?.configSource) warnings.push('spec.configSource: the feature is no longer supported')
  if (spec?.externalID) warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes')
  return warnings
}
