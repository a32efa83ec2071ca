import type { Event } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { column, nameColumn, wideColumn } from './columns.ts'

export const eventColumns: readonly TableColumn[] = [
  column('Last Seen', 'The time at which the most recent occurrence of this event was recorded.'),
  column('Type', 'Type of this event (Normal, Warning), new types could be added in the future'),
  column('Reason', "This should be a short, machine understandable string that gives the reason for the transition into the object's current status."),
  column('Object', 'The object that this event is about.'),
  wideColumn(
    'Subobject',
    'If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: "spec.containers{name}" (where "name" refers to the name of the container that triggered the event) or if no container name is specified "spec.containers[2]" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.',
  ),
  wideColumn('Source', 'The component reporting this event. Should be a short machine understandable string.'),
  column('Message', 'A human-readable description of the status of this operation.'),
  wideColumn('First Seen', 'The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)'),
  wideColumn('Count', 'The number of times this event has occurred.'),
  { ...nameColumn, priority: 1 },
]

/** Old reporters fill first, last and count; new ones fill eventTime and series. */
export function eventRow(event: Event, nowMs: number): ReadonlyArray<string | number> {
  const first = ageSince(event.firstTimestamp ?? event.eventTime, nowMs)
  const last = event.lastTimestamp ?? undefined // stored as null by those who never set it
  const about = event.involvedObject
  const kind = (about.kind ?? '').toLowerCase()
  return [
    event.series ? ageSince(event.series.lastObservedTime ?? undefined, nowMs) : last === undefined ? first : ageSince(last, nowMs),
    event.type ?? '',
    event.reason ?? '',
    about.name ? `${kind}/${about.name}` : kind,
    about.fieldPath ?? '',
    sourceOf(event),
    (event.message ?? '').trim(),
    first,
    event.series ? (event.series.count ?? 0) : event.count || 1,
    event.metadata.name ?? '',
  ]
}

function sourceOf(event: Event): string {
  const component = event.source?.component || event.reportingComponent || ''
  const instance = event.source?.host || event.reportingInstance || ''
  return instance === '' ? component : `${component}, ${instance}`
}
