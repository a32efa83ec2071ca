/** Kinds that take a few lines: namespaces, config maps, secrets, service accounts. */
import type { ConfigMap, Event, Namespace, Secret, ServiceAccount } from '../../shared/model/gen/api.ts'
import { eventLines } from './events.ts'
import { annotationLines, createPage, inOrder } from './page.ts'

/** @param limits what limits it; `undefined` where the server knows no such thing */
export function describeNamespace({ metadata, status }: Namespace, limits: { readonly quotas: readonly string[] | undefined; readonly ranges: readonly string[] | undefined }): string {
  const page = createPage()
  page.line(0, `Name:\t${metadata.name ?? ''}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  page.line(0, `Status:\t${status?.phase ?? ''}`)
  if ((status?.conditions ?? []).length > 0) {
    page.line(0, 'Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage\n  ----\t------\t------------------\t------\t-------')
    for (const one of status?.conditions ?? []) page.line(1, `${one.type}\t${one.status}\t${one.lastTransitionTime ?? ''}\t${one.reason ?? ''}\t${one.message ?? ''}`)
  }
  for (const [found, none] of [[limits.quotas, 'No resource quota.'], [limits.ranges, 'No LimitRange resource.']] as const) if (found) page.line(0, `\n${found.length === 0 ? none : found.join('\n')}`)
  return page.text()
}

export function describeConfigMap({ metadata, data = {}, binaryData = {} }: ConfigMap, events: readonly Event[], nowMs: number): string {
  const head = createPage()
  head.line(0, `Name:\t${metadata.name ?? ''}\nNamespace:\t${metadata.namespace ?? ''}`)
  head.multiline('Labels', metadata.labels)
  annotationLines(head, metadata.annotations)
  const members = inOrder(data).map(([key, value]) => `${key}:\n----\n${value}\n\n`)
  const binary = inOrder(binaryData).map(([key, value]) => `${key}: ${Buffer.from(value, 'base64').length} bytes\n`)
  const tail = createPage()
  eventLines(tail, events, nowMs)
  return `${head.text()}\nData\n====\n${members.join('')}\nBinaryData\n====\n${binary.join('')}\n${tail.text()}`
}

export function describeSecret({ metadata, type = '', data = {} }: Secret): string {
  const page = createPage()
  page.line(0, `Name:\t${metadata.name ?? ''}\nNamespace:\t${metadata.namespace ?? ''}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  page.line(0, `\nType:\t${type}\n\nData\n====`)
  for (const [key, value] of inOrder(data)) page.line(0, `${key}:\t${Buffer.from(value, 'base64').length} bytes`)
  return page.text()
}

export function describeServiceAccount({ metadata, secrets = [], imagePullSecrets = [] }: ServiceAccount, events: readonly Event[], nowMs: number): string {
  const page = createPage()
  page.line(0, `Name:\t${metadata.name ?? ''}\nNamespace:\t${metadata.namespace ?? ''}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  for (const [label, names] of [['Image pull secrets', imagePullSecrets], ['Mountable secrets', secrets], ['Tokens', []]] as const) {
    page.line(0, `${label}:\t${names[0]?.name ?? '<none>'}`)
    for (const { name } of names.slice(1)) page.line(0, `\t${name ?? ''}`)
  }
  eventLines(page, events, nowMs)
  return page.text()
}
