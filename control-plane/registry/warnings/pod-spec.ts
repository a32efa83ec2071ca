import type { Container, EnvVar, ObjectMeta, PersistentVolumeClaimSpec, PodAffinity, PodSpec, Volume } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { parseQuantity } from '../../../shared/model/quantity.ts'
import { amountsOf, type QuantityList } from '../resource-list.ts'
import { containersWithPath } from '../validation/visit.ts'
import { ipWarnings } from './addresses.ts'
import { oldLabel, preferenceWarnings, termWarnings } from './node-labels.ts'
import { pathWarnings } from './overlapping-paths.ts'
import { portWarnings } from './ports.ts'

export interface PodWarningPlace {
  /** `''` for a pod, `spec.template.` for the template of a workload. */
  readonly prefix: string
  readonly meta: ObjectMeta | undefined
}

/** What is accepted in a pod (or a template of one) and yet not what anybody should write. */
export function podSpecWarnings(spec: PodSpec, { prefix, meta }: PodWarningPlace): readonly string[] {
  const path = `${prefix}spec`
  const containers = containersWithPath(spec, path)
  return [
    ...schedulingWarnings(spec, path),
    ...annotationWarnings(meta, `${prefix}metadata.annotations`),
    ...(spec.volumes ?? []).flatMap((volume, index) => volumeWarnings(volume, `${path}.volumes[${index}]`)),
    ...pathWarnings(spec.volumes ?? []),
    ...repeated(spec.hostAliases?.map((one) => one.ip), (index, value) => `${path}.hostAliases[${index}].ip: duplicate ip ${goQuote(value)}`),
    ...repeated(spec.imagePullSecrets?.map((one) => one.name ?? ''), (index, value) => `${path}.imagePullSecrets[${index}].name: duplicate name ${goQuote(value)}`),
    ...(spec.imagePullSecrets ?? []).flatMap((one, index) => (one.name ? [] : [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`])),
    ...fractions(spec.overhead, `${path}.overhead`, ['memory', 'ephemeral-storage']),
    ...(meta?.annotations?.[SECCOMP_POD] !== undefined && !spec.securityContext?.seccompProfile ? [`${prefix}metadata.annotations[${SECCOMP_POD}]: ${NO_SECCOMP}`] : []),
    ...containers.flatMap((one) => [...profileWarnings(one.container, spec, { prefix, meta }), ...containerWarnings(one.container, one.path)]),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0 ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`] : []),
    ...affinityWarnings(spec.affinity?.podAffinity, `${path}.affinity.podAffinity`),
    ...affinityWarnings(spec.affinity?.podAntiAffinity, `${path}.affinity.podAntiAffinity`),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((server, index) => ipWarnings(`${path}.dnsConfig.nameservers[${index}]`, server)),
    ...(spec.hostAliases ?? []).flatMap((alias, index) => ipWarnings(`${path}.hostAliases[${index}].ip`, alias.ip)),
  ]
}

/** Tells each value that was there before. */
function repeated(values: readonly string[] | undefined, tell: (index: number, value: string) => string): readonly string[] {
  const known = new Set<string>()
  return (values ?? []).flatMap((value, index) => (isNew(known, value) ? [] : [tell(index, value)]))
}

/** Whether it was not among those known. From then on it is. */
function isNew(known: Set<string>, value: string): boolean {
  const { size } = known
  return known.add(value).size > size
}

function schedulingWarnings(spec: PodSpec, path: string): readonly string[] {
  const affinity = spec.affinity?.nodeAffinity
  const at = `${path}.affinity.nodeAffinity`
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) => (oldLabel(key) === undefined ? [] : [`${path}.nodeSelector[${key}]: ${oldLabel(key)}`])),
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).flatMap((term, index) => termWarnings(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`)),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) => preferenceWarnings(term.preference, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`)),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const constraint = `${path}.topologySpreadConstraints[${index}]`
      const old = oldLabel(topologyKey) === undefined ? [] : [`${constraint}.topologyKey: ${topologyKey} is ${oldLabel(topologyKey)}`]
      return labelSelector ? old : [...old, `${constraint}.labelSelector: ${NO_PODS}`]
    }),
  ]
}

const NO_PODS = 'a null labelSelector results in matching no pod'
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

const affinityWarnings = (affinity: PodAffinity | undefined, path: string): readonly string[] => [
  ...(affinity?.[REQUIRED] ?? []).flatMap((term, index) => (term.labelSelector ? [] : [`${path}.${REQUIRED}[${index}].labelSelector: ${NO_PODS}`])),
  ...(affinity?.[PREFERRED] ?? []).flatMap(({ podAffinityTerm: term }, index) => (term?.labelSelector ? [] : [`${path}.${PREFERRED}[${index}].podAffinityTerm.labelSelector: ${NO_PODS}`])),
]

const oldAnnotations: ReadonlyArray<readonly [key: string, message: string]> = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]

const annotationWarnings = (meta: ObjectMeta | undefined, path: string): readonly string[] =>
  meta?.annotations === undefined ? [] : oldAnnotations.filter(([key]) => meta.annotations?.[key] !== undefined).map(([key, message]) => `${path}[${key}]: ${message}`)

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const NO_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'

/** A container's annotations from before there were fields. */
function profileWarnings({ name, securityContext }: Container, spec: PodSpec, { prefix, meta }: PodWarningPlace): readonly string[] {
  const annotations = meta?.annotations
  if (!annotations) return []
  const path = `${prefix}metadata.annotations`
  const seccomp = `${SECCOMP_CONTAINER}${name}`
  const warnings = annotations[seccomp] !== undefined && !securityContext?.seccompProfile ? [`${path}[${seccomp}]: ${NO_SECCOMP}`] : []
  const appArmor = `${APP_ARMOR}${name}`
  const hasField = securityContext?.appArmorProfile !== undefined || spec.securityContext?.appArmorProfile !== undefined
  if (prefix !== '' && annotations[appArmor] !== undefined && !hasField) warnings.push(appArmorWarning(path, appArmor))
  return warnings
}

export const appArmorWarning = (path: string, key: string): string => `${path}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`

const gone: ReadonlyArray<readonly [kind: keyof Volume, deprecated: string, ended: string]> = [
  ['photonPersistentDisk', 'v1.11', 'non-functional in v1.16+'],
  ['gitRepo', 'v1.11', 'and disabled by default in v1.33+'],
  ['scaleIO', 'v1.16', 'non-functional in v1.22+'],
  ['flocker', 'v1.22', 'non-functional in v1.25+'],
  ['storageos', 'v1.22', 'non-functional in v1.25+'],
  ['quobyte', 'v1.22', 'non-functional in v1.25+'],
  ['glusterfs', 'v1.25', 'non-functional in v1.26+'],
  ['cephfs', 'v1.28', 'non-functional in v1.31+'],
  ['rbd', 'v1.28', 'non-functional in v1.31+'],
]

/** In messages some kinds have capitals of their own. */
const shownAs: Partial<Record<keyof Volume, string>> = { storageos: 'storageOS' }

function volumeWarnings(volume: Volume, path: string): readonly string[] {
  const told = (kinds: typeof gone): readonly string[] => kinds.filter(([kind]) => volume[kind] !== undefined).map(([kind, deprecated, ended]) => `${path}.${shownAs[kind] ?? kind}: deprecated in ${deprecated}, ${ended}`)
  const template = volume.ephemeral?.volumeClaimTemplate
  return template ? [...told(gone), ...claimSpecWarnings(template.spec, `${path}.ephemeral.volumeClaimTemplate.spec`)] : told(gone)
}

/** What is wrong with the amounts that a claim asks for. */
export const claimSpecWarnings = (spec: PersistentVolumeClaimSpec | undefined, path: string): readonly string[] => [
  ...fractions(spec?.resources?.requests, `${path}.resources.requests`, ['storage']),
  ...fractions(spec?.resources?.limits, `${path}.resources.limits`, ['storage']),
]

const WHOLE = 1_000_000_000n

/** Amounts of bytes that are no whole number. */
export function fractions(list: QuantityList | undefined, path: string, names: readonly string[]): readonly string[] {
  if (list === undefined) return []
  return names.flatMap((name) => {
    const amount = amountsOf(list)[name]
    const nanos = amount === undefined ? 0n : (parseQuantity(amount)?.nanos ?? 0n)
    return nanos % WHOLE === 0n ? [] : [`${path}[${name}]: fractional byte value ${goQuote(amount ?? '')} is invalid, must be an integer`]
  })
}

function containerWarnings(container: Container, path: string): readonly string[] {
  const { limits, requests } = container.resources ?? {}
  const fractional = ['memory', 'ephemeral-storage'].flatMap((name) => [...fractions(limits, `${path}.resources.limits`, [name]), ...fractions(requests, `${path}.resources.requests`, [name])])
  const known = new Set<string>()
  const hidden = (container.env ?? []).flatMap((one, index) =>
    !isNew(known, one.name) && !buildsOnEarlier(one) ? [`${path}.env[${index}]: hides previous definition of ${goQuote(one.name)}, which may be dropped when using apply`] : [],
  )
  return [...fractional, ...hidden]
}

/** Whether a variable says its earlier value and more: then the earlier one is meant. */
function buildsOnEarlier({ name, value = '', valueFrom }: EnvVar): boolean {
  const earlier = `$(${name})`
  return valueFrom === undefined && value !== earlier && value.includes(earlier)
}
