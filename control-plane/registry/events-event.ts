import type { EventsV1Event } from '../../shared/model/gen/api.ts'
import { eventColumns, eventRow } from './columns/event.ts'
import { eventFields } from './event.ts'
import { fromCoreEvent, toCoreEvent } from './events-conversion.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateEventsEventChange, validateNewEventsEvent } from './validation/events-event.ts'

/** The same stored events as those of the core group, under their newer names. */
export const eventsEvent = defineKind<EventsV1Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.events.v1.Event',
  storedAs: { group: '', version: 'v1', plural: 'events', toStored: (object) => toCoreEvent(object as unknown as EventsV1Event) as unknown as typeof object, fromStored: (object) => fromCoreEvent(object as never) as unknown as typeof object },
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewEventsEvent,
  validateUpdate: validateEventsEventChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  selectableFields: regardingFields,
  columns: eventColumns,
  row: (object, nowMs) => eventRow(toCoreEvent(object), nowMs),
})

/** The same fields as of the core group, under the new names of what an event is about and of who tells it. */
function regardingFields(object: EventsV1Event): Readonly<Record<string, string>> {
  const { source: _source, ...fields } = eventFields(toCoreEvent(object))
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.replace(/^involvedObject\./, 'regarding.').replace(/^reportingComponent$/, 'reportingController'), value]))
}
