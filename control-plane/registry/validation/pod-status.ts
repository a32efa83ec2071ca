import { duplicate, type FieldError, forbidden, internalError, invalid } from '../../../shared/model/field-error.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '../../../shared/model/gen/api.ts'
import { parseIp } from '../../../shared/model/validation/ip.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { isSidecar } from '../columns/pod-status.ts'
import { ip } from './addresses.ts'
import { dnsSubdomain, each, objections } from './check.ts'
import { validateContainerStatuses } from './pod-status-containers.ts'

const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized'])

/** What a node may say of a pod. */
export function validatePodStatus(pod: Pod, old: Pod): readonly FieldError[] {
  const status: PodStatus = pod.status ?? {}
  const before: PodStatus = old.status ?? {}
  // Kubernetes looks for the conditions in the metadata.
  const errors: FieldError[] = [...each(status.conditions, 'metadata.conditions', ({ type }, at) => (systemConditions.has(type) ? [] : objections(`${at}.Type`, type, qualifiedNameProblems(type))))]
  if ((pod.spec?.nodeName ?? '') !== (old.spec?.nodeName ?? '')) errors.push(forbidden('status.nodeName', 'may not be changed directly'))
  if (status.nominatedNodeName && status.nominatedNodeName !== before.nominatedNodeName) errors.push(...dnsSubdomain('status.nominatedNodeName', status.nominatedNodeName))
  if ((status.qosClass ?? '') !== (before.qosClass ?? '')) errors.push(invalid('status.qosClass', status.qosClass ?? '', 'field is immutable'))
  return [
    ...errors,
    ...validateTransitions(pod, old),
    ...validateEphemeralTransitions(status, before),
    ...validateClaimStatuses(pod),
    ...validatePodIps(status),
    ...validateHostIps(status),
    ...validateContainerStatuses(pod),
  ]
}

/** What has ended does not begin again, unless the pod restarts its containers; a rule that restarts all of them lets every one begin again, also what had succeeded. */
function validateTransitions(pod: Pod, old: Pod): readonly FieldError[] {
  const { initContainers = [], containers: main = [], restartPolicy: policy } = old.spec ?? {}
  if ([...initContainers, ...main].some(mayRestartAll)) return []
  const restarts = (name: string): boolean => main.some((one) => one.name === name && hasPolicy(one))
  const containers = policy === 'Always' ? [] : judge(pod.status?.containerStatuses, old.status?.containerStatuses, (before) => (policy === 'OnFailure' && exitCode(before) !== 0) || restarts(before.name))
  const sidecars = new Set(initContainers.filter(isSidecar).map((one) => one.name))
  const retried = new Set(initContainers.filter(hasPolicy).map((one) => one.name))
  const mayRestart = (before: ContainerStatus): boolean => sidecars.has(before.name) || policy === 'Always' || (exitCode(before) !== 0 && (policy === 'OnFailure' || retried.has(before.name)))
  const inits = judge(pod.status?.initContainerStatuses, old.status?.initContainerStatuses, mayRestart)
  return [...containers.map((index) => notRestartable(`status.containerStatuses[${index}].state`)), ...inits.map((index) => notRestartable(`status.initContainerStatuses[${index}].state`))]
}

/** What somebody added to look around is never started again. */
const validateEphemeralTransitions = (status: PodStatus, before: PodStatus): readonly FieldError[] =>
  judge(status.ephemeralContainerStatuses, before.ephemeralContainerStatuses, () => false).map((index) => notRestartable(`status.ephemeralContainerStatuses[${index}].state`))

/** A claim that was made for the pod is one that the pod has. */
function validateClaimStatuses({ spec, status }: Pod): readonly FieldError[] {
  const claims = new Set((spec?.resourceClaims ?? []).map((one) => one.name))
  const seen = new Set<string>()
  return each(status?.resourceClaimStatuses, 'status.resourceClaimStatuses', ({ name, resourceClaimName }, at) => {
    const errors: FieldError[] = claims.has(name) ? [] : [invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`')]
    if (seen.has(name)) errors.push(duplicate(`${at}.name`, name))
    seen.add(name)
    return resourceClaimName === undefined ? errors : [...errors, ...dnsSubdomain(`${at}.name`, resourceClaimName)]
  })
}

const mayRestartAll = ({ restartPolicyRules = [] }: Container): boolean => restartPolicyRules.some(({ action }) => action === 'RestartAllContainers')

/** It has a policy or rules of its own, beside the pod's. */
const hasPolicy = ({ restartPolicy, restartPolicyRules = [] }: Container): boolean => restartPolicy !== undefined || restartPolicyRules.length > 0

const notRestartable = (field: string): FieldError => forbidden(field, 'may not be transitioned to non-terminated state')
const exitCode = (status: ContainerStatus): number => status.state?.terminated?.exitCode ?? 0

/** The old statuses that had ended for good and now have not. */
function judge(statuses: readonly ContainerStatus[] = [], before: readonly ContainerStatus[] = [], mayRestart: (before: ContainerStatus) => boolean): readonly number[] {
  return before.flatMap((old, index) => {
    if (!old.state?.terminated || mayRestart(old)) return []
    const now = statuses.find((one) => one.name === old.name)
    return now && !now.state?.terminated ? [index] : []
  })
}

type Addresses = ReadonlyArray<{ readonly ip?: string | undefined }>

/** Internal types print their fields in capitals. */
const printed = (ips: Addresses): unknown => ips.map(({ ip }) => ({ IP: ip ?? '' }))

/** Addresses of pods and of hosts are held against the same rules, in another order. */
interface AddressErrors {
  readonly wrong: readonly FieldError[]
  readonly families: readonly FieldError[]
  readonly repeated: readonly FieldError[]
}

/** One of each family, none twice. */
function judgeAddresses(ips: Addresses, path: string): AddressErrors {
  const wrong = ips.flatMap((one, index) => ip(`${path}[${index}]`, one.ip ?? ''))
  if (ips.length < 2) return { wrong, families: [], repeated: [] }
  const seen = new Set<string>()
  const repeated = ips.flatMap(({ ip = '' }, index) => {
    if (seen.has(ip)) return [duplicate(`${path}[${index}]`, { IP: ip })]
    seen.add(ip)
    return []
  })
  return { wrong, families: judgeFamilies(ips, path), repeated }
}

function judgeFamilies(ips: Addresses, path: string): readonly FieldError[] {
  const families = ips.map(({ ip = '' }) => parseIp(ip)?.family)
  const unknown = families.indexOf(undefined)
  const isDual = unknown < 0 && new Set(families).size === 2 && ips.length === 2
  return [
    ...(unknown < 0 ? [] : [internalError(path, `failed to check for dual stack with error:invalid IP[${unknown}]: ${ips[unknown]?.ip ?? ''}`)]),
    ...(isDual ? [] : [invalid(path, printed(ips), 'may specify no more than one IP for each IP family')]),
  ]
}

function validatePodIps({ podIPs = [] }: PodStatus): readonly FieldError[] {
  const { wrong, families, repeated } = judgeAddresses(podIPs, 'status.podIPs')
  return [...wrong, ...families, ...repeated]
}

function validateHostIps({ hostIP = '', hostIPs = [] }: PodStatus): readonly FieldError[] {
  if (hostIPs.length === 0) return []
  const first = hostIPs[0]?.ip ?? ''
  const unequal = first === hostIP ? [] : [invalid('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')]
  const { wrong, families, repeated } = judgeAddresses(hostIPs, 'status.hostIPs')
  return [...unequal, ...wrong, ...repeated, ...families]
}
