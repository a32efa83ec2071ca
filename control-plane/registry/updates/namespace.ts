import type { Namespace } from '../../../shared/model/gen/api.ts'
import { withNameLabel } from '../defaults/config.ts'
import type { StrategyContext } from '../kind.ts'
import { keep } from './keep.ts'

const FINALIZER = 'kubernetes'

/** A namespace is alive until asked to go, and goes only when its contents have. A name that was made up for it is known only now. */
export function prepareNewNamespace(namespace: Namespace): Namespace {
  const finalizers = namespace.spec?.finalizers ?? []
  return { ...withNameLabel(namespace), spec: { ...namespace.spec, finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER] }, status: { phase: 'Active' } }
}

export function prepareChangedNamespace(namespace: Namespace, old: Namespace, { subresource }: StrategyContext): Namespace {
  switch (subresource) {
    case 'finalize':
      return keep('status', namespace, old)
    case 'status':
      return keep('spec', namespace, old)
    default:
      return keep('status', keep('spec', namespace, old), old)
  }
}
