/** Any kind, from nothing but its fields: labels in words, indentation for depth. */
import type { Event } from '../../shared/model/gen/api.ts'
import { isJsonObject } from '../../shared/model/json.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import { eventLines } from './events.ts'
import { annotationLines, createPage, type Page } from './page.ts'

const SKIPPED = new Set(['name', 'namespace', 'labels', 'annotations', 'managedFields'])

const ACRONYMS = new Set(['API', 'URL', 'UID', 'OSB', 'GUID'])

/** `clusterIP` → `Cluster IP` */
export const labelOf = (name: string): string => {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
  const words = spaced.split(' ').map((word) => (ACRONYMS.has(word.toUpperCase()) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)))
  return words.join(' ')
}

export function describeGeneric(object: ApiObject, events: readonly Event[], nowMs: number): string {
  const page = createPage()
  const { metadata = {}, ...rest } = object
  page.line(0, `Name:\t${metadata.name ?? ''}\nNamespace:\t${metadata.namespace ?? ''}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  const ordered = { 'API Version': rest.apiVersion, Kind: rest.kind, Metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !SKIPPED.has(key))) }
  for (const [label, value] of Object.entries(ordered)) member(page, { label, value, level: 0 })
  for (const key of Object.keys(rest).filter((name) => name !== 'apiVersion' && name !== 'kind').toSorted()) member(page, { label: labelOf(key), value: rest[key], level: 0 })
  eventLines(page, events, nowMs)
  return page.text()
}

interface Member {
  readonly label: string
  readonly value: unknown
  readonly level: number
}

function member(page: Page, { label, value, level }: Member): void {
  if (Array.isArray(value)) {
    page.line(level, `${label}:${value.length === 0 ? '\t' : ''}`)
    for (const item of value as unknown[]) {
      if (isJsonObject(item)) members(page, item, level + 1)
      else page.line(level + 1, String(item))
    }
  } else if (isJsonObject(value)) {
    page.line(level, `${label}:`)
    members(page, value, level + 1)
  } else page.line(level, `${label}:\t${value === null || value === undefined ? '<nil>' : String(value)}`)
}

function members(page: Page, object: Readonly<Record<string, unknown>>, level: number): void {
  for (const key of Object.keys(object).toSorted()) member(page, { label: labelOf(key), value: object[key], level })
}
