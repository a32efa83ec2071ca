/** Claims and ingresses that name no class get the one that is marked as default: the newest of several, of equally old ones the first by name. */
import type { Ingress, IngressClass, PersistentVolumeClaim, StorageClass } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import { isDefaultStorageClass } from '../../registry/columns/storage.ts'
import { isCore, type AdmissionPlugin } from './plugin.ts'
import { ingressClassesResource, listCached, storageClassesResource, type AdmissionSources } from './sources.ts'

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
const DEFAULT_INGRESS_CLASS = 'ingressclass.kubernetes.io/is-default-class'
const OLD_INGRESS_CLASS = 'kubernetes.io/ingress.class'

/** `undefined` if none is marked. */
export function chosenClass<T extends KubeObject>(classes: readonly T[], isDefault: (one: T) => boolean): string | undefined {
  const born = (one: T): string => one.metadata.creationTimestamp ?? ''
  const name = (one: T): string => one.metadata.name ?? ''
  const marked = classes.filter(isDefault).toSorted((a, b) => (born(a) === born(b) ? (name(a) < name(b) ? -1 : 1) : born(a) > born(b) ? -1 : 1))
  return marked[0] && name(marked[0])
}

export const defaultStorageClass = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'DefaultStorageClass',
  resources: ['/persistentvolumeclaims'],
  mutate(request) {
    if (request.operation !== 'CREATE' || !isCore(request, 'persistentvolumeclaims') || request.subresource !== '') return request.object
    const claim = request.object as unknown as PersistentVolumeClaim
    if (claim.spec?.storageClassName !== undefined || claim.metadata.annotations?.[BETA_CLASS] !== undefined) return request.object
    const storageClassName = chosenClass(listCached(sources, storageClassesResource) as unknown as readonly StorageClass[], isDefaultStorageClass)
    return storageClassName === undefined ? request.object : ({ ...claim, spec: { ...claim.spec, storageClassName } } as unknown as JsonObject)
  },
})

const isDefaultIngressClass = ({ metadata }: IngressClass): boolean => metadata.annotations?.[DEFAULT_INGRESS_CLASS] === 'true'

export const defaultIngressClass = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'DefaultIngressClass',
  resources: ['networking.k8s.io/ingresses'],
  mutate(request) {
    const { definition } = request.store
    if (request.operation !== 'CREATE' || definition.group !== 'networking.k8s.io' || definition.plural !== 'ingresses' || request.subresource !== '') return request.object
    const ingress = request.object as unknown as Ingress
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.[OLD_INGRESS_CLASS] !== undefined) return request.object
    const ingressClassName = chosenClass(listCached(sources, ingressClassesResource) as unknown as readonly IngressClass[], isDefaultIngressClass)
    return ingressClassName === undefined ? request.object : ({ ...ingress, spec: { ...ingress.spec, ingressClassName } } as unknown as JsonObject)
  },
})
