/** An example of every kind, and what Kubernetes stores of it: a recorded create where there is one, written by hand with its defaults where not. */
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { recordedCases, type RecordedStep } from './recordings.ts'

export interface Example {
  readonly object: JsonObject
  /** What the answer to its create holds, without what a server chooses for itself. */
  readonly stored: JsonObject
  /** Whether the answer holds nothing else. */
  readonly whole: boolean
}

export interface ExampleOf {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

const apiVersionOf = ({ group, version }: ExampleOf): string => (group === '' ? version : `${group}/${version}`)

/** `undefined`: nobody has written one. */
export function exampleOf(of: ExampleOf): Example | undefined {
  return recordedExample(of) ?? writtenExample(of)
}

function writtenExample(of: ExampleOf): Example | undefined {
  const written = WRITTEN[`${of.group}/${of.plural}`]
  if (!written) return undefined
  const { metadata, ...rest } = written.object
  const object = { apiVersion: apiVersionOf(of), kind: of.kind, metadata: { name: 'example', ...(metadata as JsonObject | undefined) }, ...rest }
  return { object, stored: written.defaults ? { ...rest, ...written.defaults } : rest, whole: false }
}

const TYPICAL = /minimal|defaults|basics|full|create|wholesome/

/** The first create of a case that is typical of the kind and needs nothing else. */
function recordedExample(of: ExampleOf): Example | undefined {
  const path = `POST ${of.group === '' ? '/api' : '/apis'}/${apiVersionOf(of)}/${of.namespaced ? 'namespaces/$NS/' : ''}${of.plural}`
  const found = recordedCases().flatMap(({ case: name, area, steps }) => {
    const [step] = steps
    return step && step.do?.replace('?dryRun=All', '') === path && !area.startsWith('node/') && isExample(step, of) ? [{ name, step }] : []
  })
  const best = found.find(({ name }) => TYPICAL.test(name)) ?? found[0]
  return best && { object: resolved(best.step.body ?? {}) as JsonObject, stored: chosen(resolved(best.step.answer?.body ?? {}) as JsonObject), whole: true }
}

function isExample({ body, answer, type, raw, headers }: RecordedStep, { kind }: ExampleOf): boolean {
  const made = answer?.body
  return answer?.status === 201 && raw === undefined && headers === undefined && (type ?? 'application/json') === 'application/json' && isJsonObject(body) && isJsonObject(made) && made['kind'] === kind && isJsonObject(made['metadata']) && made['metadata']['name'] !== undefined && !/\*"/.test(JSON.stringify(made['metadata']))
}

function resolved(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('$NS', 'x').replaceAll('$RUN', 'run')
  if (Array.isArray(value)) return (value as readonly Json[]).map(resolved)
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [String(resolved(key)), resolved(member)])) : value
}

const MASK = /^<(?:uid|rv|ip|port|time|microtime|any|token|continue)\b|^kube-api-access-\*$/

/** Without what every server chooses for itself. */
export function chosen(object: JsonObject): JsonObject {
  const { metadata, ...rest } = object
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, managedFields: _managed, namespace: _namespace, ...meta } = metadata as JsonObject
  return { ...rest, metadata: meta }
}

/** Whether a recorded value is what stands there; what is masked may be anything. */
export function fits(recorded: Json | undefined, got: Json | undefined): boolean {
  if (typeof recorded === 'string' && MASK.test(recorded)) return got !== undefined
  if (Array.isArray(recorded)) return Array.isArray(got) && recorded.length === got.length && (recorded as readonly Json[]).every((item, index) => fits(item, (got as readonly Json[])[index]))
  if (isJsonObject(recorded)) return isJsonObject(got) && [...new Set([...Object.keys(recorded), ...Object.keys(got)])].every((key) => fits(recorded[key], got[key]))
  return recorded === got
}

interface Written {
  readonly object: JsonObject
  /** Members that Kubernetes stores in another way than they are given. */
  readonly defaults?: JsonObject
}

const template: JsonObject = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'busybox:1.35' }] } }
const storedTemplate: JsonObject = {
  metadata: { labels: { a: 'b' } },
  spec: {
    containers: [{ name: 'c', image: 'busybox:1.35', resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: 'IfNotPresent' }],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  },
}
/** Of any key, for any name. */
const REQUEST = recordedCases().flatMap(({ steps }) => steps.flatMap(({ body }) => (isJsonObject(body) && body['kind'] === 'CertificateSigningRequest' && isJsonObject(body['spec']) ? [String(body['spec']['request'])] : [])))[0] ?? ''
const webhookClient: JsonObject = { url: 'https://example.com/hook' }
/** About what nobody writes: who is configured is asked. */
const rule: JsonObject = { operations: ['CREATE'], apiGroups: ['nobody.example.com'], apiVersions: ['v1'], resources: ['things'] }

/** By `group/plural`. */
const WRITTEN: Readonly<Record<string, Written>> = {
  '/podtemplates': { object: { template }, defaults: { template: storedTemplate } },
  '/replicationcontrollers': { object: { spec: { template } }, defaults: { spec: { replicas: 1, selector: { a: 'b' }, template: storedTemplate }, status: { replicas: 0 } } },
  '/resourcequotas': { object: { spec: { hard: { pods: '10', 'requests.cpu': '1000m' } } }, defaults: { spec: { hard: { pods: '10', 'requests.cpu': '1' } }, status: {} } },
  '/limitranges': { object: { spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } }, defaults: { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, default: { cpu: '2' }, defaultRequest: { cpu: '2' } }] } } },
  '/nodes': { object: { spec: { podCIDR: '10.1.0.0/24' } }, defaults: { spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'], taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] } } },
  'apiregistration.k8s.io/apiservices': {
    object: { metadata: { name: 'v1.example.com' }, spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10, insecureSkipTLSVerify: true, service: { namespace: 'x', name: 's' } } },
    defaults: { spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10, insecureSkipTLSVerify: true, service: { namespace: 'x', name: 's', port: 443 } } },
  },
  'networking.k8s.io/ipaddresses': { object: { metadata: { name: '10.96.9.9' }, spec: { parentRef: { resource: 'services', namespace: 'x', name: 's' } } } },
  'networking.k8s.io/servicecidrs': { object: { spec: { cidrs: ['10.97.0.0/24'] } } },
  'rbac.authorization.k8s.io/clusterroles': { object: { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] } },
  'rbac.authorization.k8s.io/clusterrolebindings': {
    object: { roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ kind: 'User', name: 'u' }] },
    defaults: { subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }] },
  },
  'rbac.authorization.k8s.io/rolebindings': {
    object: { roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: 'rbac.authorization.k8s.io' }, subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'x' }] },
  },
  'certificates.k8s.io/certificatesigningrequests': { object: { spec: { request: REQUEST, signerName: 'example.com/mine', usages: ['client auth'] } }, defaults: { spec: { request: REQUEST, signerName: 'example.com/mine', usages: ['client auth'], username: 'admin', groups: ['system:masters'] }, status: {} } },
  'storage.k8s.io/csidrivers': {
    object: { metadata: { name: 'csi.example.com' }, spec: {} },
    defaults: { spec: { attachRequired: true, podInfoOnMount: false, storageCapacity: false, volumeLifecycleModes: ['Persistent'], fsGroupPolicy: 'ReadWriteOnceWithFSType', requiresRepublish: false, seLinuxMount: false } },
  },
  'storage.k8s.io/csinodes': { object: { spec: { drivers: [{ name: 'csi.example.com', nodeID: 'n' }] } }, defaults: { spec: { drivers: [{ name: 'csi.example.com', nodeID: 'n', topologyKeys: null }] } } },
  'storage.k8s.io/volumeattachments': { object: { spec: { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } } }, defaults: { status: { attached: false } } },
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': {
    object: { webhooks: [{ name: 'a.example.com', clientConfig: webhookClient, rules: [rule], sideEffects: 'None', admissionReviewVersions: ['v1'] }] },
    defaults: { webhooks: [{ name: 'a.example.com', clientConfig: webhookClient, rules: [{ ...rule, scope: '*' }], failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, sideEffects: 'None', timeoutSeconds: 10, admissionReviewVersions: ['v1'], reinvocationPolicy: 'Never' }] },
  },
  'admissionregistration.k8s.io/mutatingadmissionpolicies': {
    object: { spec: { matchConstraints: { resourceRules: [rule] }, mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }], reinvocationPolicy: 'Never' } },
  },
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': { object: { spec: { policyName: 'p' } } },
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': { object: { spec: { policyName: 'p', validationActions: ['Deny'] } } },
  'resource.k8s.io/deviceclasses': { object: { spec: { selectors: [{ cel: { expression: 'true' } }] } } },
  'resource.k8s.io/resourceclaims': {
    object: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
    defaults: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c', allocationMode: 'ExactCount', count: 1 } }] } }, status: {} },
  },
  'resource.k8s.io/resourceclaimtemplates': {
    object: { spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } } },
    defaults: { spec: { metadata: {}, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c', allocationMode: 'ExactCount', count: 1 } }] } } } },
  },
  'resource.k8s.io/resourceslices': { object: { spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'a' }] } } },
  'flowcontrol.apiserver.k8s.io/flowschemas': {
    object: { spec: { priorityLevelConfiguration: { name: 'catch-all' }, matchingPrecedence: 500 } },
    defaults: { status: {} },
  },
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': {
    object: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
    defaults: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 30, limitResponse: { type: 'Reject' }, lendablePercent: 0 } }, status: {} },
  },
}
