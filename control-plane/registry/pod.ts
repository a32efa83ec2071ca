import { deepEqual } from '../../shared/model/json.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { podColumns, podRow, podRowConditions } from './columns/pod.ts'
import { defaultPod } from './defaults/pod.ts'
import type { Subresource } from './kind.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { podGraceSeconds, prepareChangedPod, prepareNewPod } from './updates/pod.ts'
import { validateNewPod, validatePodChange } from './validation/pod.ts'
import { earlyPodWarnings, podWarnings } from './warnings/pod.ts'

const streamVerbs = ['create', 'get']
const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update']

const subresources: readonly Subresource[] = [
  { name: 'attach', verbs: streamVerbs, kind: 'PodAttachOptions', behaviour: { kind: 'special' } },
  { name: 'binding', verbs: ['create'], kind: 'Binding', behaviour: { kind: 'special' } },
  { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'], behaviour: { kind: 'part' } },
  { name: 'eviction', verbs: ['create'], kind: 'Eviction', group: 'policy', version: 'v1', behaviour: { kind: 'special' } },
  { name: 'exec', verbs: streamVerbs, kind: 'PodExecOptions', behaviour: { kind: 'special' } },
  { name: 'log', verbs: ['get'], behaviour: { kind: 'special' } },
  { name: 'portforward', verbs: streamVerbs, kind: 'PodPortForwardOptions', behaviour: { kind: 'special' } },
  { name: 'proxy', verbs: proxyVerbs, kind: 'PodProxyOptions', behaviour: { kind: 'special' } },
  { name: 'resize', verbs: ['get', 'patch', 'update'], behaviour: { kind: 'part' } },
  statusSubresource,
]

export const pod = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod',
  verbs: storedVerbs,
  subresources,
  defaults: defaultPod,
  prepareForCreate: prepareNewPod,
  prepareForUpdate: prepareChangedPod,
  validateCreate: validateNewPod,
  validateUpdate: validatePodChange,
  warnings: podWarnings,
  earlyWarnings: earlyPodWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'object',
  gracePeriodSeconds: podGraceSeconds,
  defaultPropagation: 'Background',
  selectableFields: (object) => ({
    'spec.nodeName': object.spec?.nodeName ?? '',
    'spec.restartPolicy': object.spec?.restartPolicy ?? '',
    'spec.schedulerName': object.spec?.schedulerName ?? '',
    'spec.serviceAccountName': object.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': String(object.spec?.hostNetwork ?? false),
    'status.phase': object.status?.phase ?? '',
    // Known to the API as a label, but no pod is found by it.
    'status.podIPs': '',
    'spec.host': object.spec?.nodeName ?? '',
    'status.podIP': object.status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': object.status?.nominatedNodeName ?? '',
  }),
  columns: podColumns,
  row: podRow,
  rowConditions: podRowConditions,
})
