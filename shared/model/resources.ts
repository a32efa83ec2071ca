import type { APIService, AutoscalingV2HorizontalPodAutoscaler, CertificateSigningRequest, ClusterRole, ClusterRoleBinding, ConfigMap, CustomResourceDefinition, DaemonSet, Deployment, DeviceClass, Endpoints, EndpointSlice, Event, FlowSchema, Job, Lease, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodDisruptionBudget, PriorityLevelConfiguration, ReplicaSet, ReplicationController, ResourceClaimTemplate, ResourceQuota, ResourceV1ResourceClaim, Role, RoleBinding, Secret, Service, ServiceAccount, StatefulSet, StorageClass, ValidatingAdmissionPolicy, VolumeAttributesClass } from './gen/api.ts'
import type { KubeObject } from './meta.ts'

/** Names one resource of the API, typed by what its objects are. */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  /** The plural, as in paths: `pods`. */
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set: it only carries the type. */
  readonly sample?: T
}

type Name = readonly [group: string, version: string, plural: string, kind: string]
const resource = <T extends KubeObject>([group, version, plural, kind]: Name, namespaced = true): Resource<T> => ({ group, version, plural, kind, namespaced })

export const namespaces = resource<Namespace>(['', 'v1', 'namespaces', 'Namespace'], false)
export const nodes = resource<Node>(['', 'v1', 'nodes', 'Node'], false)
export const pods = resource<Pod>(['', 'v1', 'pods', 'Pod'])
export const services = resource<Service>(['', 'v1', 'services', 'Service'])
export const configMaps = resource<ConfigMap>(['', 'v1', 'configmaps', 'ConfigMap'])
export const secrets = resource<Secret>(['', 'v1', 'secrets', 'Secret'])
export const serviceAccounts = resource<ServiceAccount>(['', 'v1', 'serviceaccounts', 'ServiceAccount'])
export const replicationControllers = resource<ReplicationController>(['', 'v1', 'replicationcontrollers', 'ReplicationController'])
export const endpoints = resource<Endpoints>(['', 'v1', 'endpoints', 'Endpoints'])
export const resourceQuotas = resource<ResourceQuota>(['', 'v1', 'resourcequotas', 'ResourceQuota'])
export const persistentVolumes = resource<PersistentVolume>(['', 'v1', 'persistentvolumes', 'PersistentVolume'], false)
export const persistentVolumeClaims = resource<PersistentVolumeClaim>(['', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'])
export const storageClasses = resource<StorageClass>(['storage.k8s.io', 'v1', 'storageclasses', 'StorageClass'], false)
export const volumeAttributesClasses = resource<VolumeAttributesClass>(['storage.k8s.io', 'v1', 'volumeattributesclasses', 'VolumeAttributesClass'], false)
export const events = resource<Event>(['', 'v1', 'events', 'Event'])
export const replicaSets = resource<ReplicaSet>(['apps', 'v1', 'replicasets', 'ReplicaSet'])
export const deployments = resource<Deployment>(['apps', 'v1', 'deployments', 'Deployment'])
export const statefulSets = resource<StatefulSet>(['apps', 'v1', 'statefulsets', 'StatefulSet'])
export const daemonSets = resource<DaemonSet>(['apps', 'v1', 'daemonsets', 'DaemonSet'])
export const jobs = resource<Job>(['batch', 'v1', 'jobs', 'Job'])
export const horizontalPodAutoscalers = resource<AutoscalingV2HorizontalPodAutoscaler>(['autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'])
export const podDisruptionBudgets = resource<PodDisruptionBudget>(['policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'])
export const endpointSlices = resource<EndpointSlice>(['discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'])
export const apiServices = resource<APIService>(['apiregistration.k8s.io', 'v1', 'apiservices', 'APIService'], false)
export const customResourceDefinitions = resource<CustomResourceDefinition>(['apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition'], false)
export const leases = resource<Lease>(['coordination.k8s.io', 'v1', 'leases', 'Lease'])
export const clusterRoles = resource<ClusterRole>(['rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole'], false)
export const clusterRoleBindings = resource<ClusterRoleBinding>(['rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding'], false)
export const roles = resource<Role>(['rbac.authorization.k8s.io', 'v1', 'roles', 'Role'])
export const roleBindings = resource<RoleBinding>(['rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'])
export const validatingAdmissionPolicies = resource<ValidatingAdmissionPolicy>(['admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy'], false)
export const flowSchemas = resource<FlowSchema>(['flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas', 'FlowSchema'], false)
export const priorityLevelConfigurations = resource<PriorityLevelConfiguration>(['flowcontrol.apiserver.k8s.io', 'v1', 'prioritylevelconfigurations', 'PriorityLevelConfiguration'], false)
export const resourceClaims = resource<ResourceV1ResourceClaim>(['resource.k8s.io', 'v1', 'resourceclaims', 'ResourceClaim'])
export const resourceClaimTemplates = resource<ResourceClaimTemplate>(['resource.k8s.io', 'v1', 'resourceclaimtemplates', 'ResourceClaimTemplate'])
export const deviceClasses = resource<DeviceClass>(['resource.k8s.io', 'v1', 'deviceclasses', 'DeviceClass'], false)
export const certificateSigningRequests = resource<CertificateSigningRequest>(['certificates.k8s.io', 'v1', 'certificatesigningrequests', 'CertificateSigningRequest'], false)

/** `apps/v1`, or `v1` for the core group. */
export const apiVersionOf = (of: Pick<Resource, 'group' | 'version'>): string => (of.group === '' ? of.version : `${of.group}/${of.version}`)

