import { allOf, duplicate, type FieldError, forbidden, invalid, notFound, required, tooMany } from '../../../shared/model/field-error.ts'
import type { Container, ContainerRestartRule, EphemeralContainer, PodSpec, Volume } from '../../../shared/model/gen/api.ts'
import { dnsLabel, each, oneOf, requiredOneOf, requiredText } from './check.ts'
import { validateEnv, validateEnvFiles, validateEnvFrom } from './env.ts'
import { validateDevices, validateMounts } from './mounts.ts'
import { validateContainerPorts, validateHostPortConflicts } from './ports.ts'
import { validateLifecycle, validateOneSuccessProbe, validateReadinessProbe } from './probes.ts'
import { validateContainerResources, validateResizePolicy } from './resources.ts'
import { validateSecurityContext } from './security-context.ts'

/** What containers must fit into. */
export interface PodFrame {
  readonly spec: PodSpec
  /** The pod's volumes that are sound themselves. */
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claimNames: ReadonlySet<string>
}

export const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const
const restartPolicies = ['Always', 'Never', 'OnFailure'] as const
const RULES_MAX = 20
const EXIT_CODES_MAX = 255

/** What holds for containers of every sort. */
function validateCommon(container: Container, path: string, { spec, volumes, claimNames }: PodFrame): readonly FieldError[] {
  return allOf(
    (container.name ? dnsLabel(`${path}.name`, container.name) : [required(`${path}.name`)]),
    requiredText(`${path}.image`, container.image),
    requiredOneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    validateContainerPorts(container.ports, `${path}.ports`),
    validateEnv(container.env, `${path}.env`),
    validateEnvFiles(container.env, volumes, `${path}.env`),
    validateEnvFrom(container.envFrom, `${path}.envFrom`),
    validateMounts(container, path, volumes),
    validateDevices(container, path, volumes),
    requiredOneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, pullPolicies),
    validateContainerResources(container.resources, `${path}.resources`, claimNames),
    validateResizePolicy(container.resizePolicy, `${path}.resizePolicy`, spec.restartPolicy),
    validateSecurityContext(container.securityContext, `${path}.securityContext`, spec.hostUsers !== false),
    (spec.hostUsers === false && container.volumeDevices?.length ? [forbidden(`${path}.volumeDevices`, 'when `hostUsers` is false')] : []),
  )
}

/** What holds for containers that run as long as the pod does. */
function validateRunning(container: Container, path: string, { spec }: PodFrame): readonly FieldError[] {
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 0
  return allOf(
    validateLifecycle(container.lifecycle, `${path}.lifecycle`, graceSeconds),
    validateOneSuccessProbe(container.livenessProbe, `${path}.livenessProbe`, graceSeconds),
    validateReadinessProbe(container.readinessProbe, `${path}.readinessProbe`, graceSeconds),
    validateOneSuccessProbe(container.startupProbe, `${path}.startupProbe`, graceSeconds),
  )
}

function validateRestart({ restartPolicy, restartPolicyRules: rules }: Container, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (restartPolicy === undefined) {
    if (rules?.length) errors.push(required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'))
  } else errors.push(...oneOf(`${path}.restartPolicy`, restartPolicy, restartPolicies))
  if ((rules?.length ?? 0) > RULES_MAX) errors.push(tooMany(`${path}.restartPolicyRules`, rules?.length ?? 0, RULES_MAX))
  return [...errors, ...each(rules, `${path}.restartPolicyRules`, validateRestartRule)]
}

function validateRestartRule({ action, exitCodes }: ContainerRestartRule, path: string): readonly FieldError[] {
  const errors = [...oneOf(`${path}.action`, action, ['Restart', 'RestartAllContainers'])]
  if (!exitCodes) return [...errors, required(`${path}.exitCodes`, 'must be specified')]
  errors.push(...oneOf(`${path}.exitCodes.operator`, exitCodes.operator, ['In', 'NotIn']))
  const count = exitCodes.values?.length ?? 0
  return count > EXIT_CODES_MAX ? [...errors, tooMany(`${path}.exitCodes.values`, count, EXIT_CODES_MAX)] : errors
}

export function validateContainers(frame: PodFrame, path: string): readonly FieldError[] {
  const containers = frame.spec.containers ?? []
  if (containers.length === 0) return [required(path)]
  const names = new Set<string>()
  const errors = each(containers, path, (container, at) => {
    const twice = names.has(container.name ?? '') ? [duplicate(`${at}.name`, container.name ?? '')] : []
    names.add(container.name ?? '')
    return [...validateCommon(container, at, frame), ...twice, ...validateRunning(container, at, frame), ...validateRestart(container, at)]
  })
  return [...errors, ...validateHostPortConflicts(containers, path)]
}

/** An init container that always restarts is a sidecar, which runs as long as the pod; any other one only runs. */
export function validateInitContainers(frame: PodFrame, path: string): readonly FieldError[] {
  const names = new Set((frame.spec.containers ?? []).map((one) => one.name ?? ''))
  return each(frame.spec.initContainers, path, (container, at) => {
    const name = container.name ?? ''
    const twice = names.has(name) ? [duplicate(`${at}.name`, name)] : []
    if (name !== '') names.add(name)
    const sidecar = container.restartPolicy === 'Always'
    return [
      ...validateCommon(container, at, frame),
      ...validateRestart(container, at),
      ...twice,
      ...validateHostPortConflicts([container], path),
      ...(sidecar ? validateRunning(container, at, frame) : forbidRunning(container, at)),
    ]
  })
}

function forbidRunning(container: Container, path: string): readonly FieldError[] {
  const names = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
  return names.filter((name) => container[name] !== undefined).map((name) => forbidden(`${path}.${name}`, 'may not be set for init containers without restartPolicy=Always'))
}

const notEphemeral = ['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const
const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container'

/** Resources are no pointer in Go: what says nothing is as good as absent. Lists and whatever else is there count, be it empty. */
const isUnset = (container: Container, field: (typeof notEphemeral)[number]): boolean => container[field] === undefined || (field === 'resources' && Object.keys(container.resources ?? {}).length === 0)

export function validateEphemeralContainers(frame: PodFrame, path: string): readonly FieldError[] {
  const others = new Set([...(frame.spec.containers ?? []), ...(frame.spec.initContainers ?? [])].map((one) => one.name ?? ''))
  const names = new Set<string>()
  return each(frame.spec.ephemeralContainers, path, (ephemeral: EphemeralContainer, at) => {
    const container = ephemeral as Container
    const name = container.name ?? ''
    const errors = [...validateCommon(container, at, frame), ...validateTrimmedImage(container, at)]
    if (others.has(name) || names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
    const target = ephemeral.targetContainerName ?? ''
    if (target !== '' && !others.has(target)) errors.push(notFound(`${at}.targetContainerName`, target))
    errors.push(...notEphemeral.filter((field) => !isUnset(container, field)).map((field) => forbidden(`${at}.${field}`, NOT_EPHEMERAL)))
    const subPaths = each(container.volumeMounts, `${at}.volumeMounts`, (mount, mountAt) => (['subPath', 'subPathExpr'] as const).filter((field) => mount[field]).map((field) => forbidden(`${mountAt}.${field}`, NOT_EPHEMERAL)))
    return [...errors, ...subPaths]
  })
}

/** Holds for pods, not for templates, for which it came too late. */
export const validateTrimmedImage = ({ image = '' }: Container, path: string): readonly FieldError[] => (image.trim() === image ? [] : [invalid(`${path}.image`, image, 'must not have leading or trailing whitespace')])
