/** Namespaces say by labels how dangerous their pods may be: pods that are more so are refused, and what would make them is warned of. */
import type { CronJob, Namespace, Pod, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import type { FieldError } from '../../../shared/model/field-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { detailsText, violations, violationsOfPods } from '../../registry/pod-security/evaluate.ts'
import { type Demand, formatDemand, isStricter, type Policy, readPolicy } from '../../registry/pod-security/policy.ts'
import { invalid } from '../status.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { type AdmissionSources, findObject, listCached, namespacesResource } from './sources.ts'

/** Of a pod itself and of its ephemeral containers; whatever else is done to a pod makes it no more dangerous. */
const looked: ReadonlySet<string> = new Set(['', 'ephemeralcontainers', 'resize'])
/** Kinds that hold a template of pods, by their group and plural. */
const makers: ReadonlySet<string> = new Set(['/podtemplates', '/replicationcontrollers', 'apps/daemonsets', 'apps/deployments', 'apps/replicasets', 'apps/statefulsets', 'batch/cronjobs', 'batch/jobs'])
/** Of so many pods that are there a namespace's new level is told. */
const MAX_CHECKED = 3000
const PREFIX = 'pod-security.kubernetes.io/'

export const podSecurity = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'PodSecurity',
  resources: ['/pods', '/namespaces', ...makers],
  validate(request) {
    if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return undefined
    if (isCore(request, 'pods')) return looked.has(request.subresource) ? validatePod(sources, request) : undefined
    if (request.subresource !== '') return undefined
    if (isCore(request, 'namespaces')) return validateNamespace(sources, request)
    const { group, plural } = request.store.definition
    return makers.has(`${group}/${plural}`) ? validateMaker(sources, request) : undefined
  },
})

/** Nearly all namespaces demand nothing: then nobody waits. */
async function policyOf(sources: AdmissionSources, request: AdmissionRequest): Promise<Policy | undefined> {
  const namespace = (await findObject(sources, namespacesResource, { namespace: '', name: request.namespace, signal: request.call.signal })) as unknown as Namespace | undefined
  const labels = namespace?.metadata.labels
  return labels && Object.keys(labels).some((key) => key.startsWith(PREFIX)) ? readPolicy(labels).policy : undefined
}

async function validatePod(sources: AdmissionSources, request: AdmissionRequest): Promise<void> {
  const pod = request.object as unknown as Pod
  if (request.old && !isMoreThanBefore(pod, request.old as unknown as Pod)) return
  const policy = await policyOf(sources, request)
  if (!policy || !pod.spec) return
  const found = violations(pod.spec, pod.metadata, policy.enforce)
  if (found.length > 0) throw forbid(request, `violates PodSecurity "${formatDemand(policy.enforce)}": ${detailsText(found)}`)
  warn(request, policy.warn, pod)
}

function warn({ call }: AdmissionRequest, demand: Demand, { spec, metadata = {} }: PodTemplateSpec): void {
  const found = spec ? violations(spec, metadata, demand) : []
  if (found.length > 0) call.warn(`would violate PodSecurity "${formatDemand(demand)}": ${detailsText(found)}`)
}

/** Of a pod that is there only images change, and ephemeral containers come. */
function isMoreThanBefore({ spec }: Pod, { spec: old }: Pod): boolean {
  const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const
  return lists.some((list) => {
    const before = new Map((old?.[list] ?? []).map((one) => [one.name, one.image]))
    return (spec?.[list] ?? []).some((one) => !before.has(one.name) || before.get(one.name) !== one.image)
  })
}

async function validateMaker(sources: AdmissionSources, request: AdmissionRequest): Promise<void> {
  const template = templateOf(request.object)
  if (!template?.spec) return
  const policy = await policyOf(sources, request)
  if (policy) warn(request, policy.warn, template)
}

function templateOf(object: JsonObject): PodTemplateSpec | undefined {
  const { template, spec } = object as unknown as { readonly template?: PodTemplateSpec; readonly spec?: { readonly template?: PodTemplateSpec } & Partial<CronJob['spec']> }
  return template ?? spec?.template ?? spec?.jobTemplate?.spec?.template
}

function validateNamespace(sources: AdmissionSources, request: AdmissionRequest): void {
  const namespace = request.object as unknown as Namespace
  const { policy, errors } = readPolicy(namespace.metadata.labels)
  const before = request.old && readPolicy((request.old as unknown as Namespace).metadata.labels)
  if (errors.length > 0 && textOf(errors) !== textOf(before?.errors ?? [])) throw invalid(request.store.kind, namespace.metadata.name ?? '', errors)
  if (before && demandsMore(policy.enforce, before.policy.enforce)) tellOfPods(sources, request, policy.enforce)
}

const textOf = (errors: readonly FieldError[]): string => errors.map(({ field, message }) => `${field}: ${message}`).join('\n')

const demandsMore = (now: Demand, before: Demand): boolean => now.level !== 'privileged' && (now.minor !== before.minor || isStricter(now.level, before.level))

/** Pods that are there stay, whatever is demanded from now on. */
function tellOfPods(sources: AdmissionSources, { name, call }: AdmissionRequest, demand: Demand): void {
  const pods = listCached(sources, { group: '', version: 'v1', plural: 'pods' }, name) as unknown as readonly Pod[]
  if (pods.length > MAX_CHECKED) call.warn(`new PodSecurity enforce level only checked against the first ${MAX_CHECKED} of ${pods.length} existing pods`)
  const found = violationsOfPods(pods.slice(0, MAX_CHECKED), demand)
  if (found.length === 0) return
  call.warn(`existing pods in namespace "${name}" violate the new PodSecurity enforce level "${formatDemand(demand)}"`)
  for (const one of found) call.warn(one)
}
