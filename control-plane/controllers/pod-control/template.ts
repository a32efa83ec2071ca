/** The pod that a controller makes from its template. PURE. */
import type { OwnerReference, Pod, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import { apiVersionOf, type Resource } from '../../../shared/model/resources.ts'

/** The reference by which `owner` controls its dependents. */
export const controllerReference = (resource: Resource, owner: KubeObject): OwnerReference => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  name: owner.metadata.name ?? '',
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})

/** How long names of objects may be. */
export const NAME_MAX = 253

/** What the names of an owner's pods begin with: its own, and a dash unless that is too much. */
export const podPrefix = (name: string): string => (name.length < NAME_MAX ? `${name}-` : name)

export interface PodMaker {
  readonly namespace: string
  readonly generateName: string
  readonly owner: OwnerReference
}

export function podFromTemplate(template: PodTemplateSpec | undefined, { namespace, generateName, owner }: PodMaker): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName,
      namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [owner],
    },
    ...(template?.spec ? { spec: template.spec } : {}),
  }
}
