import type { Deployment, PodTemplate, ReplicaSet } from '../../../shared/model/gen/api.ts'
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
