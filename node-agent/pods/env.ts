import type { ConfigMap, Container, EnvVar, EnvVarSource, Pod, Secret, Service } from '../../shared/model/gen/api.ts'
import { decodeBase64Text } from './base64-text.ts'
import { fieldValue, resourceValue, type DownwardStatus } from '../../shared/model/downward.ts'
import { expandVariables } from '../../shared/model/expansion.ts'
import { fileValue } from './env-file.ts'
import { serviceVariables } from './service-env.ts'

/** What variables are made from. */
export interface EnvSources {
  configMap(namespace: string, name: string): ConfigMap | undefined
  secret(namespace: string, name: string): Secret | undefined
  /** Every service of the cluster. */
  readonly services: readonly Service[]
  /** Addresses of the pod and its node. */
  readonly status: DownwardStatus
  /** What the node offers: the limit of whatever has none. */
  readonly allocatable: Readonly<Record<string, string | number>>
  /** Text of a file in a volume of the pod (`fileKeyRef`); undefined where there is none. */
  file(volume: string, path: string): string | undefined
}

export type EnvResult = { readonly kind: 'env'; readonly env: Readonly<Record<string, string>> } | { readonly kind: 'refused'; readonly message: string }

class Missing {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

type Value = string | undefined | Missing

/** The variables of a container: services, then `envFrom`, then `env`, a later one over an earlier one. Pure. */
export function containerEnv(pod: Pod, container: Container, sources: EnvSources): EnvResult {
  const services = serviceVariables(sources.services, pod.metadata.namespace ?? '', pod.spec?.enableServiceLinks !== false)
  const own: Record<string, string> = {}
  for (const from of container.envFrom ?? []) {
    const source = from.configMapRef ? mapData(pod, from.configMapRef, sources) : from.secretRef ? secretData(pod, from.secretRef, sources) : {}
    if (source instanceof Missing) return { kind: 'refused', message: source.message }
    for (const [key, value] of Object.entries(source)) own[`${from.prefix ?? ''}${key}`] = value
  }
  for (const variable of container.env ?? []) {
    const value = valueOf({ pod, container, variable, sources, known: { ...services, ...own } })
    if (value instanceof Missing) return { kind: 'refused', message: value.message }
    if (value !== undefined) own[variable.name] = value
  }
  return { kind: 'env', env: { ...services, ...own } }
}

type Reference = { readonly name?: string | undefined; readonly optional?: boolean | undefined }

function mapData(pod: Pod, { name = '', optional }: Reference, sources: EnvSources): Readonly<Record<string, string>> | Missing {
  const found = sources.configMap(pod.metadata.namespace ?? '', name)
  return found === undefined ? (optional === true ? {} : new Missing(`configmap "${name}" not found`)) : (found.data ?? {})
}

function secretData(pod: Pod, { name = '', optional }: Reference, sources: EnvSources): Readonly<Record<string, string>> | Missing {
  const found = sources.secret(pod.metadata.namespace ?? '', name)
  if (found === undefined) return optional === true ? {} : new Missing(`secret "${name}" not found`)
  return Object.fromEntries(Object.entries(found.data ?? {}).map(([key, value]) => [key, decodeBase64Text(value)]))
}

interface ValueInput {
  readonly pod: Pod
  readonly container: Container
  readonly variable: EnvVar
  readonly sources: EnvSources
  readonly known: Readonly<Record<string, string>>
}

function valueOf({ pod, container, variable, sources, known }: ValueInput): Value {
  if (variable.valueFrom === undefined) return expandVariables(variable.value ?? '', known)
  return valueFrom(variable.valueFrom, { pod, container, sources })
}

function valueFrom(from: EnvVarSource, { pod, container, sources }: Pick<ValueInput, 'pod' | 'container' | 'sources'>): Value {
  const namespace = pod.metadata.namespace ?? ''
  if (from.fieldRef) return fieldValue(pod, from.fieldRef.fieldPath, sources.status) ?? new Missing(`unsupported fieldPath: ${from.fieldRef.fieldPath}`)
  if (from.resourceFieldRef) return resourceValue(pod, from.resourceFieldRef, { containerName: container.name, allocatable: sources.allocatable }) ?? new Missing(`container ${from.resourceFieldRef.containerName ?? container.name} not found`)
  if (from.configMapKeyRef) return keyOf({ key: from.configMapKeyRef.key, optional: from.configMapKeyRef.optional, data: mapData(pod, from.configMapKeyRef, sources), kind: 'ConfigMap', where: `${namespace}/${from.configMapKeyRef.name ?? ''}` })
  if (from.secretKeyRef) return keyOf({ key: from.secretKeyRef.key, optional: from.secretKeyRef.optional, data: secretData(pod, from.secretKeyRef, sources), kind: 'Secret', where: `${namespace}/${from.secretKeyRef.name ?? ''}` })
  if (from.fileKeyRef) {
    const found = fileValue(sources.file(from.fileKeyRef.volumeName, from.fileKeyRef.path), from.fileKeyRef)
    return found.kind === 'refused' ? new Missing(found.message) : found.value
  }
  return ''
}

interface KeyInput {
  readonly key: string
  readonly optional: boolean | undefined
  readonly data: Readonly<Record<string, string>> | Missing
  readonly kind: 'ConfigMap' | 'Secret'
  /** `namespace/name` */
  readonly where: string
}

function keyOf({ key, optional, data, kind, where }: KeyInput): Value {
  if (data instanceof Missing) return data
  return data[key] ?? (optional === true ? undefined : new Missing(`couldn't find key ${key} in ${kind} ${where}`))
}
