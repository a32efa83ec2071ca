import { allOf, duplicate, type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../../../shared/model/field-error.ts'
import type { ObjectMeta, PodResourceClaim, PodSpec } from '../../../shared/model/gen/api.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { inclusiveRange } from '../../../shared/model/validation/numbers.ts'
import { validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { validateAffinity } from './affinity.ts'
import { dnsLabel, dnsSubdomain, each, objections, requiredOneOf } from './check.ts'
import { type PodFrame, validateContainers, validateEphemeralContainers, validateInitContainers } from './containers.ts'
import { validateDns, validateHostAliases } from './dns.ts'
import { validateContainerResources, validatePodResources } from './resources.ts'
import { validateSchedulingGates, validateTolerations, validateTopologySpread } from './scheduling.ts'
import { validatePodSecurityContext } from './security-context.ts'
import { validateVolumes } from './volumes.ts'
import { forbidLinuxFields, forbidWindowsFields, validateHostProcess } from './windows.ts'

const DEADLINE_MAX_SECONDS = 2_147_483_647
const HOSTNAME_MAX = 64

export interface PodSpecPlace {
  readonly path: string
  /** Of the pod; a template has no name that would matter. */
  readonly meta: ObjectMeta | undefined
  /** A pod itself, not a template of one. */
  readonly isPod: boolean
}

/** Every objection against what a pod (or a template of one) says, in Kubernetes' order. */
export function validatePodSpec(spec: PodSpec, place: PodSpecPlace): readonly FieldError[] {
  const { path } = place
  const volumes = validateVolumes(spec.volumes, place, `${path}.volumes`)
  const claimNames = new Set((spec.resourceClaims ?? []).map((one) => one.name).filter((name) => name !== ''))
  const frame: PodFrame = { spec, volumes: volumes.sound, claimNames }
  return allOf(
    volumes.errors,
    validateClaims(spec.resourceClaims, `${path}.resourceClaims`),
    validateContainers(frame, `${path}.containers`),
    validateInitContainers(frame, `${path}.initContainers`),
    validateEphemeralContainers(frame, `${path}.ephemeralContainers`),
    validatePodResources(spec, `${path}.resources`, claimNames),
    validateHostPorts(spec, place),
    requiredOneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    requiredOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
    validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    validatePodSecurityContext(spec, `${path}.securityContext`),
    validateAffinity(spec.affinity, `${path}.affinity`),
    validateDns(spec, `${path}.dnsConfig`),
    each(spec.readinessGates, `${path}.readinessGates`, ({ conditionType }, at) => objections(`${at}.conditionType`, conditionType, qualifiedNameProblems(conditionType))),
    validateSchedulingGates(spec.schedulingGates, `${path}.schedulingGates`),
    validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
    validateHostProcess(spec, path),
    validateHostUsers(spec, path),
    validateNames(spec, path),
    validateSystem(spec, path),
    validateHostnameOverride(spec, `${path}.hostnameOverride`),
  )
}

function validateNames(spec: PodSpec, path: string): readonly FieldError[] {
  const { activeDeadlineSeconds: deadline } = spec
  const subdomain = (name: 'serviceAccountName' | 'nodeName' | 'priorityClassName'): readonly FieldError[] => (spec[name] ? dnsSubdomain(`${path}.${name}`, spec[name]) : [])
  return allOf(
    subdomain('serviceAccountName'),
    subdomain('nodeName'),
    (deadline !== undefined && (deadline < 1 || deadline > DEADLINE_MAX_SECONDS) ? [invalid(`${path}.activeDeadlineSeconds`, deadline, inclusiveRange(1, DEADLINE_MAX_SECONDS))] : []),
    (spec.hostname ? dnsLabel(`${path}.hostname`, spec.hostname) : []),
    (spec.subdomain ? dnsLabel(`${path}.subdomain`, spec.subdomain) : []),
    validateTolerations(spec.tolerations, `${path}.tolerations`),
    validateHostAliases(spec.hostAliases, `${path}.hostAliases`),
    subdomain('priorityClassName'),
    (spec.runtimeClassName === undefined ? [] : dnsSubdomain(`${path}.runtimeClassName`, spec.runtimeClassName)),
    (spec.preemptionPolicy === undefined ? [] : requiredOneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'])),
    (spec.overhead ? validateContainerResources({ limits: spec.overhead }, `${path}.overhead`, new Set()) : []),
  )
}

/** Of a pod in the host's network every port is the same inside and out; in a template it may still be left out. */
function validateHostPorts(spec: PodSpec, { path, isPod }: PodSpecPlace): readonly FieldError[] {
  if (!spec.hostNetwork) return []
  return each(spec.containers, `${path}.containers`, (container, at) =>
    each(container.ports, `${at}.ports`, ({ hostPort = 0, containerPort }, portAt) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort ? [invalid(`${portAt}.hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true')] : [],
    ),
  )
}

/** Users of their own go with none of the host's namespaces. */
function validateHostUsers(spec: PodSpec, path: string): readonly FieldError[] {
  if (spec.hostUsers !== false) return []
  const fields = [['hostNetwork', spec.hostNetwork], ['HostPID', spec.hostPID], ['HostIPC', spec.hostIPC]] as const
  return fields.filter(([, used]) => used).map(([name]) => forbidden(`${path}.${name}`, 'when `hostUsers` is false'))
}

function validateSystem(spec: PodSpec, path: string): readonly FieldError[] {
  if (!spec.os) return []
  switch (spec.os.name) {
    case 'linux':
      return forbidWindowsFields(spec, path)
    case 'windows':
      return forbidLinuxFields(spec, path)
    default:
      return [spec.os.name ? notSupported(`${path}.os`, spec.os.name, ['linux', 'windows']) : required(`${path}.os.name`)]
  }
}

function validateHostnameOverride(spec: PodSpec, field: string): readonly FieldError[] {
  const name = spec.hostnameOverride
  if (name === undefined) return []
  const errors: FieldError[] = [...dnsSubdomain(field, name)]
  if (name.length > HOSTNAME_MAX) errors.push(tooLong(field, HOSTNAME_MAX))
  if (spec.setHostnameAsFQDN) errors.push(forbidden(field, 'may not be specified when setHostnameAsFQDN is true'))
  if (spec.hostNetwork) errors.push(forbidden(field, 'may not be specified when hostNetwork is true'))
  return errors
}

function validateClaims(claims: readonly PodResourceClaim[] | undefined, path: string): readonly FieldError[] {
  const names = new Set<string>()
  return each(claims, path, ({ name, resourceClaimName, resourceClaimTemplateName }, at) => {
    const errors: FieldError[] = name === '' ? [required(`${at}.name`)] : names.has(name) ? [duplicate(`${at}.name`, name)] : [...dnsLabel(`${at}.name`, name)]
    names.add(name)
    const shown = { Name: name, ResourceClaimName: resourceClaimName ?? null, ResourceClaimTemplateName: resourceClaimTemplateName ?? null }
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(invalid(at, shown, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'))
    else if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) errors.push(invalid(at, shown, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
    if (resourceClaimName !== undefined) errors.push(...dnsSubdomain(`${at}.resourceClaimName`, resourceClaimName))
    if (resourceClaimTemplateName !== undefined) errors.push(...dnsSubdomain(`${at}.resourceClaimTemplateName`, resourceClaimTemplateName))
    return errors
  })
}
