import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { GRPCAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '../../../shared/model/gen/api.ts'
import { httpHeaderProblems } from '../../../shared/model/validation/names.ts'
import { nonNegative, objections, oneOf, requiredText } from './check.ts'
import { validatePortReference } from './ports.ts'

/** What a probe or a hook may do, by the names of its fields. */
type Handler = LifecycleHandler & { readonly grpc?: GRPCAction | undefined }

const MORE_THAN_ONE = 'may not specify more than 1 handler type'

function validateHandler(handler: Handler, path: string, graceSeconds: number): readonly FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const kinds: ReadonlyArray<readonly [name: string, check: (() => readonly FieldError[]) | undefined]> = [
    ['exec', exec && (() => (exec.command?.length ? [] : [required(`${path}.exec.command`)]))],
    ['httpGet', httpGet && (() => validateHttpGet(httpGet, `${path}.httpGet`))],
    ['tcpSocket', tcpSocket && (() => validatePortReference(tcpSocket.port, `${path}.tcpSocket.port`))],
    ['grpc', grpc && (() => validatePortReference(grpc.port ?? 0, `${path}.grpc.port`))],
    ['sleep', sleep && (() => validateSleep(sleep.seconds ?? 0, `${path}.sleep`, graceSeconds))],
  ]
  const given = kinds.flatMap(([name, check]) => (check ? [{ name, check }] : []))
  if (given.length === 0) return [required(path, 'must specify a handler type')]
  return given.flatMap(({ name, check }, index) => (index === 0 ? check() : [forbidden(`${path}.${name}`, MORE_THAN_ONE)]))
}

const validateHttpGet = (action: HTTPGetAction, path: string): readonly FieldError[] => [
  ...requiredText(`${path}.path`, action.path),
  ...validatePortReference(action.port, `${path}.port`),
  ...oneOf(`${path}.scheme`, action.scheme, ['HTTP', 'HTTPS']),
  ...(action.httpHeaders ?? []).flatMap(({ name }) => objections(`${path}.httpHeaders`, name ?? '', httpHeaderProblems(name ?? ''))),
]

function validateSleep(seconds: number, field: string, graceSeconds: number): readonly FieldError[] {
  if (seconds >= 0 && seconds <= graceSeconds) return []
  return [invalid(field, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)]
}

export function validateLifecycle(lifecycle: Lifecycle | undefined, path: string, graceSeconds: number): readonly FieldError[] {
  if (!lifecycle) return []
  return [
    ...(lifecycle.postStart ? validateHandler(lifecycle.postStart, `${path}.postStart`, graceSeconds) : []),
    ...(lifecycle.preStop ? validateHandler(lifecycle.preStop, `${path}.preStop`, graceSeconds) : []),
  ]
}

function validateProbe(probe: Probe, path: string, graceSeconds: number): readonly FieldError[] {
  const grace = probe.terminationGracePeriodSeconds
  return [
    ...validateHandler(probe, path, graceSeconds),
    ...nonNegative(`${path}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...nonNegative(`${path}.timeoutSeconds`, probe.timeoutSeconds),
    ...nonNegative(`${path}.periodSeconds`, probe.periodSeconds),
    ...nonNegative(`${path}.successThreshold`, probe.successThreshold),
    ...nonNegative(`${path}.failureThreshold`, probe.failureThreshold),
    ...(grace !== undefined && grace <= 0 ? [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')] : []),
  ]
}

/** Liveness and startup: one success is enough. */
export function validateOneSuccessProbe(probe: Probe | undefined, path: string, graceSeconds: number): readonly FieldError[] {
  if (!probe) return []
  const success = probe.successThreshold ?? 0
  return [...validateProbe(probe, path, graceSeconds), ...(success === 1 ? [] : [invalid(`${path}.successThreshold`, success, 'must be 1')])]
}

export function validateReadinessProbe(probe: Probe | undefined, path: string, graceSeconds: number): readonly FieldError[] {
  if (!probe) return []
  const grace = probe.terminationGracePeriodSeconds
  return [...validateProbe(probe, path, graceSeconds), ...(grace === undefined ? [] : [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes')])]
}
