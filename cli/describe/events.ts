import type { Event } from '../../shared/model/gen/api.ts'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import { lastMs } from '../events/moment.ts'
import { ageText } from '../print/age.ts'
import type { Page } from './page.ts'

/** The events about an object, oldest first. */
export async function eventsAbout(cluster: Cluster, { metadata = {}, kind = '' }: ApiObject): Promise<readonly Event[]> {
  const { name = '', namespace, uid } = metadata
  // What has no namespace has its events in "default", and is named by its kind there.
  const selector = [`involvedObject.name=${name}`, ...(namespace === undefined ? [] : [`involvedObject.namespace=${namespace}`]), `involvedObject.kind=${kind}`, ...(uid === undefined || kind === 'Node' ? [] : [`involvedObject.uid=${uid}`])]
  const path = namespace === undefined ? '/api/v1/events' : `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`
  const { items } = await cluster.json<{ readonly items: readonly Event[] }>({ path, query: { fieldSelector: selector.join(','), limit: '500' } })
  return items.toSorted((a, b) => lastMs(a) - lastMs(b))
}

const lastSeen = ({ series, lastTimestamp, eventTime, firstTimestamp, metadata }: Event): string => series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp ?? ''

/** `5s (x3 over 2m)` */
export function intervalText(event: Event, nowMs: number): string {
  const first = event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp
  const count = event.series?.count ?? event.count ?? 1
  return count > 1 ? `${ageText(lastSeen(event), nowMs)} (x${count} over ${ageText(first, nowMs)})` : ageText(lastSeen(event), nowMs)
}

export const sourceText = ({ source, reportingComponent = '' }: Event): string => source?.component || reportingComponent

export function eventLines(page: Page, events: readonly Event[], nowMs: number): void {
  if (events.length === 0) return page.line(0, 'Events:\t<none>')
  page.line(0, 'Events:\n  Type\tReason\tAge\tFrom\tMessage')
  page.line(1, '----\t------\t----\t----\t-------')
  for (const event of events) page.line(1, `${event.type ?? ''}\t${event.reason ?? ''}\t${intervalText(event, nowMs)}\t${sourceText(event)}\t${(event.message ?? '').trim().replaceAll('\n', '\n  \t\t\t\t')}`)
}
