/** The containers of a pod or a template, as `describe` shows them. */
import type { Container, ContainerPort, ContainerState, ContainerStatus, EnvVar, Pod, Probe, ResourceRequirements } from '../../shared/model/gen/api.ts'
import { longTime } from '../print/age.ts'
import { inOrder, orNone, type Page } from './page.ts'

export interface ContainersOptions {
  readonly label: string
  readonly statuses?: readonly ContainerStatus[] | undefined
  /** Whose fields stand behind `fieldRef`; absent in a template. */
  readonly pod?: Pod | undefined
  /** Of the label. */
  readonly level?: number
}

export function describeContainers(page: Page, containers: readonly Container[], { label, statuses = [], pod, level = 0 }: ContainersOptions): void {
  page.line(level, `${label}:${containers.length === 0 ? ' <none>' : ''}`)
  for (const container of containers) {
    const status = statuses.find(({ name }) => name === container.name)
    basics(page, container, { status, nested: level > 0 })
    command(page, container)
    if (status) state(page, status)
    resources(page, container.resources)
    for (const [name, probe] of [['Liveness', container.livenessProbe], ['Readiness', container.readinessProbe], ['Startup', container.startupProbe]] as const) if (probe) page.line(2, `${name}:\t${probeText(probe)}`)
    envFrom(page, container)
    environment(page, container, pod)
    mounts(page, container)
  }
}

interface Basics {
  readonly status: ContainerStatus | undefined
  readonly nested: boolean
}

function basics(page: Page, { name, image, ports = [] }: Container, { status, nested }: Basics): void {
  page.line(1, `${nested ? ' ' : ''}${name}:`)
  if (status) page.line(2, `Container ID:\t${status.containerID ?? ''}`)
  page.line(2, `Image:\t${image ?? ''}`)
  if (status) page.line(2, `Image ID:\t${status.imageID}`)
  const plural = ports.length > 1 ? 's' : ''
  page.line(2, `Port${plural}:\t${orNone(ports.map(portText).join(', '))}`)
  page.line(2, `Host Port${plural}:\t${orNone(ports.map(({ hostPort = 0, protocol = 'TCP' }) => `${hostPort}/${protocol}`).join(', '))}`)
}

const portText = ({ containerPort, protocol = 'TCP' }: ContainerPort): string => `${containerPort}/${protocol}`

function command(page: Page, { command: words = [], args = [] }: Container): void {
  for (const [label, list] of [['Command', words], ['Args', args]] as const) {
    if (list.length === 0) continue
    page.line(2, `${label}:`)
    for (const word of list) page.line(3, word)
  }
}

function state(page: Page, status: ContainerStatus): void {
  stateLines(page, 'State', status.state ?? {})
  if (status.lastState?.terminated) stateLines(page, 'Last State', status.lastState)
  page.line(2, `Ready:\t${status.ready ? 'True' : 'False'}`)
  page.line(2, `Restart Count:\t${status.restartCount}`)
}

function stateLines(page: Page, label: string, { running, waiting, terminated }: ContainerState): void {
  if (running) {
    page.line(2, `${label}:\tRunning`)
    page.line(3, `Started:\t${longTime(running.startedAt)}`)
  } else if (terminated) {
    page.line(2, `${label}:\tTerminated`)
    if (terminated.reason) page.line(3, `Reason:\t${terminated.reason}`)
    if (terminated.message) page.line(3, `Message:\t${terminated.message.replaceAll('\n', '\n      ')}`)
    page.line(3, `Exit Code:\t${terminated.exitCode}`)
    if (terminated.signal) page.line(3, `Signal:\t${terminated.signal}`)
    page.line(3, `Started:\t${longTime(terminated.startedAt)}`)
    page.line(3, `Finished:\t${longTime(terminated.finishedAt)}`)
  } else {
    page.line(2, `${label}:\tWaiting`)
    if (waiting?.reason) page.line(3, `Reason:\t${waiting.reason}`)
    // kubectl leaves it to the events; but they expire, and this is what mends it.
    if (waiting?.message) page.line(3, `Message:\t${waiting.message.replaceAll('\n', ' ')}`)
  }
}

export function resources(page: Page, { limits = {}, requests = {} }: ResourceRequirements = {}, level = 2): void {
  for (const [label, amounts] of [['Limits', limits], ['Requests', requests]] as const) {
    const entries = inOrder(amounts)
    if (entries.length > 0) page.line(level, `${label}:`)
    for (const [name, amount] of entries) page.line(level + 1, `${name}:\t${amount}`)
  }
}

/** `http-get http://:8080/ delay=0s timeout=1s period=10s #success=1 #failure=3` */
export function probeText({ exec, httpGet, tcpSocket, grpc, ...times }: Probe): string {
  const attributes = `delay=${times.initialDelaySeconds ?? 0}s timeout=${times.timeoutSeconds ?? 1}s period=${times.periodSeconds ?? 10}s #success=${times.successThreshold ?? 1} #failure=${times.failureThreshold ?? 3}`
  if (exec) return `exec [${(exec.command ?? []).join(' ')}] ${attributes}`
  if (httpGet) return `http-get ${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${httpGet.host ?? ''}:${httpGet.port}${httpGet.path ?? ''} ${attributes}`
  if (tcpSocket) return `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port} ${attributes}`
  return grpc ? `grpc <pod>:${grpc.port} ${grpc.service ?? ''} ${attributes}` : `unknown ${attributes}`
}

function envFrom(page: Page, { envFrom: sources = [] }: Container): void {
  if (sources.length > 0) page.line(2, 'Environment Variables from:')
  for (const { configMapRef, secretRef, prefix } of sources) {
    const kind = configMapRef ? 'ConfigMap' : 'Secret'
    const { name = '', optional = false } = configMapRef ?? secretRef ?? {}
    page.line(3, `${name}\t${kind}${prefix ? ` with prefix '${prefix}'` : ''}\tOptional: ${optional}`)
  }
}

function environment(page: Page, { env = [] }: Container, pod: Pod | undefined): void {
  page.line(2, `Environment:${env.length === 0 ? '\t<none>' : ''}`)
  for (const variable of env) page.line(3, envText(variable, pod))
}

function envText({ name, value = '', valueFrom }: EnvVar, pod: Pod | undefined): string {
  if (!valueFrom) return `${name}:\t${value.split('\n').join('\n      \t')}`
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = valueFrom
  if (fieldRef) return `${name}:\t ${pod ? fieldValue(pod, fieldRef.fieldPath) : ''}(${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`.replace('\t (', '\t (')
  if (resourceFieldRef) return `${name}:\t (${resourceFieldRef.resource})`
  if (secretKeyRef) return `${name}:\t<set to the key '${secretKeyRef.key}' in secret '${secretKeyRef.name ?? ''}'>\tOptional: ${secretKeyRef.optional ?? false}`
  return configMapKeyRef ? `${name}:\t<set to the key '${configMapKeyRef.key}' of config map '${configMapKeyRef.name ?? ''}'>\tOptional: ${configMapKeyRef.optional ?? false}` : `${name}:\t`
}

/** What a fieldRef is, where it can be known: with a space after it. */
function fieldValue(pod: Pod, path: string): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path) ?? []
  if (map !== undefined) return `${pod.metadata[map as 'labels' | 'annotations']?.[key ?? ''] ?? ''} `
  const known: Readonly<Record<string, string | undefined>> = { 'metadata.name': pod.metadata.name, 'metadata.namespace': pod.metadata.namespace, 'metadata.uid': pod.metadata.uid }
  return known[path] === undefined ? '' : `${known[path]} `
}

function mounts(page: Page, { volumeMounts = [] }: Container): void {
  page.line(2, `Mounts:${volumeMounts.length === 0 ? '\t<none>' : ''}`)
  for (const { mountPath, name, readOnly, subPath } of volumeMounts.toSorted((a, b) => (a.mountPath < b.mountPath ? -1 : 1))) {
    page.line(3, `${mountPath} from ${name} (${readOnly ? 'ro' : 'rw'}${subPath ? `,path="${subPath}"` : ''})`)
  }
}
