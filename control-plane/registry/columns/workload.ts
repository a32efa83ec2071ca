import type { ControllerRevision, DaemonSet, Deployment, PodTemplate, ReplicaSet, ReplicationController, StatefulSet } from '../../../shared/model/gen/api.ts'
import { controllerOf } from '../../../shared/model/meta.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, containerCells, containersColumn, formatLabels, formatLabelSelector, imagesColumn, integerColumn, nameColumn, wideColumn } from './columns.ts'

export const deploymentColumns: readonly TableColumn[] = [
  nameColumn,
  column('Ready', 'Number of the pod with ready state'),
  column('Up-to-date', 'Total number of non-terminating pods targeted by this deployment that have the desired template spec.'),
  column('Available', 'Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.'),
  ageColumn,
  containersColumn,
  imagesColumn,
  wideColumn('Selector', "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template's labels."),
]

export function deploymentRow(deployment: Deployment, nowMs: number): ReadonlyArray<string | number> {
  const { spec, status, metadata } = deployment
  return [
    metadata.name ?? '',
    `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
    ageSince(metadata.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    formatLabelSelector(spec?.selector),
  ]
}

const REPLICA_SET_DOCS = 'More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset'

export const replicaSetColumns: readonly TableColumn[] = [
  nameColumn,
  integerColumn('Desired', `Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. ${REPLICA_SET_DOCS}`),
  integerColumn('Current', `Replicas is the most recently observed number of non-terminating pods. ${REPLICA_SET_DOCS}`),
  integerColumn('Ready', 'The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.'),
  ageColumn,
  containersColumn,
  imagesColumn,
  wideColumn(
    'Selector',
    "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
  ),
]

export function replicaSetRow(replicaSet: ReplicaSet, nowMs: number): ReadonlyArray<string | number> {
  const { spec, status, metadata } = replicaSet
  return [
    metadata.name ?? '',
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    ageSince(metadata.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    formatLabelSelector(spec?.selector),
  ]
}

export const podTemplateColumns: readonly TableColumn[] = [
  nameColumn,
  column('Containers', 'Names of each container in the template.'),
  column('Images', 'Images referenced by each container in the template.'),
  column('Pod Labels', 'The labels for the pod template.'),
]

export const podTemplateRow = (template: PodTemplate): readonly string[] => [
  template.metadata.name ?? '',
  ...containerCells(template.template?.spec?.containers),
  formatLabels(template.template?.metadata?.labels),
]

const CONTROLLER_DOCS = 'More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller'
const SELECTOR_DOCS = 'More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors'

export const replicationControllerColumns: readonly TableColumn[] = [
  nameColumn,
  integerColumn('Desired', `Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. ${CONTROLLER_DOCS}`),
  integerColumn('Current', `Replicas is the most recently observed number of replicas. ${CONTROLLER_DOCS}`),
  integerColumn('Ready', 'The number of ready replicas for this replication controller.'),
  ageColumn,
  containersColumn,
  imagesColumn,
  wideColumn(
    'Selector',
    `Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is defaulted to the labels present on the Pod template. Label keys and values that must match in order to be controlled by this replication controller, if empty defaulted to labels on Pod template. ${SELECTOR_DOCS}`,
  ),
]

export function replicationControllerRow({ spec, status, metadata }: ReplicationController, nowMs: number): ReadonlyArray<string | number> {
  return [
    metadata.name ?? '',
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    ageSince(metadata.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    formatLabels(spec?.selector),
  ]
}

export const statefulSetColumns: readonly TableColumn[] = [nameColumn, column('Ready', 'Number of the pod with ready state'), ageColumn, containersColumn, imagesColumn]

export const statefulSetRow = ({ spec, status, metadata }: StatefulSet, nowMs: number): readonly string[] => [
  metadata.name ?? '',
  `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
  ageSince(metadata.creationTimestamp, nowMs),
  ...containerCells(spec?.template?.spec?.containers),
]

const DAEMON_DOCS = 'More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/'

export const daemonSetColumns: readonly TableColumn[] = [
  nameColumn,
  integerColumn('Desired', `The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). ${DAEMON_DOCS}`),
  integerColumn('Current', `The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. ${DAEMON_DOCS}`),
  integerColumn('Ready', 'numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.'),
  integerColumn('Up-to-date', 'The total number of nodes that are running updated daemon pod'),
  integerColumn('Available', 'The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)'),
  column(
    'Node Selector',
    "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
  ),
  ageColumn,
  containersColumn,
  imagesColumn,
  wideColumn('Selector', `A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. ${SELECTOR_DOCS}`),
]

export function daemonSetRow({ spec, status, metadata }: DaemonSet, nowMs: number): ReadonlyArray<string | number> {
  const podSpec = spec?.template?.spec
  return [
    metadata.name ?? '',
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    formatLabels(podSpec?.nodeSelector),
    ageSince(metadata.creationTimestamp, nowMs),
    ...containerCells(podSpec?.containers),
    formatLabelSelector(spec?.selector),
  ]
}

export const controllerRevisionColumns: readonly TableColumn[] = [nameColumn, column('Controller', 'Controller of the object'), column('Revision', 'Revision indicates the revision of the state represented by Data.'), ageColumn]

export function controllerRevisionRow({ metadata, revision }: ControllerRevision, nowMs: number): ReadonlyArray<string | number> {
  return [metadata.name ?? '', formatController(metadata), revision, ageSince(metadata.creationTimestamp, nowMs)]
}

/** `statefulset.apps/db`, or `<none>`. */
function formatController(metadata: ControllerRevision['metadata']): string {
  const owner = controllerOf({ metadata })
  if (!owner) return '<none>'
  const group = owner.apiVersion.includes('/') ? (owner.apiVersion.split('/')[0] ?? '') : ''
  return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`
}
