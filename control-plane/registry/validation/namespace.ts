import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { Namespace } from '../../../shared/model/gen/api.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import { each, objections } from './check.ts'

const standard: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])
const FINALIZERS = 'spec.finalizers'

const validateFinalizer = (finalizer: string, field: string): readonly FieldError[] => [
  ...objections(field, finalizer, qualifiedNameProblems(finalizer)),
  ...(finalizer.includes('/') || standard.has(finalizer) ? [] : [invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')]),
]

/** Here the finalizers have no numbers in their paths; where they are replaced they have. */
export const validateNewNamespace = ({ spec }: Namespace): readonly FieldError[] => (spec?.finalizers ?? []).flatMap((finalizer) => validateFinalizer(finalizer, FINALIZERS))

export function validateNamespaceChange(namespace: Namespace, _old: Namespace, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'finalize') return each(namespace.spec?.finalizers, FINALIZERS, validateFinalizer)
  return subresource === 'status' ? validatePhase(namespace) : []
}

/** The phase follows from whether somebody asked it to go. */
function validatePhase({ metadata, status }: Namespace): readonly FieldError[] {
  const phase = status?.phase ?? ''
  const [expected, when] = metadata.deletionTimestamp === undefined ? ['Active', 'is empty'] : ['Terminating', 'is not empty']
  return phase === expected ? [] : [invalid('status.Phase', phase, `may only be '${expected}' if \`deletionTimestamp\` ${when}`)]
}
