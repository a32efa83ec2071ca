/** The informer indexes by which controllers find their dependents. Functions, so that every controller adds the very same ones. */
import type { Pod } from '../../../shared/model/gen/api.ts'
import { controllerOf, namespaceOf, type KubeObject } from '../../../shared/model/meta.ts'

/** By the uid of the owner that controls the object. */
export const BY_CONTROLLER = 'controller'
export const byController = (object: KubeObject): readonly string[] => {
  const controller = controllerOf(object)
  return controller ? [controller.uid] : []
}

/** Objects that nobody controls, by namespace. */
export const ORPHANS = 'orphans'
export const orphansByNamespace = (object: KubeObject): readonly string[] => (controllerOf(object) ? [] : [namespaceOf(object)])

export const BY_NAMESPACE = 'namespace'
export const byNamespace = (object: KubeObject): readonly string[] => [namespaceOf(object)]

/** Pods by the node they are bound to. */
export const BY_NODE = 'node'
export const byNode = (pod: Pod): readonly string[] => (pod.spec?.nodeName ? [pod.spec.nodeName] : [])
