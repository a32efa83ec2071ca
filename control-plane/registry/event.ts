import type { Event } from '../../shared/model/gen/api.ts'
import { eventColumns, eventRow } from './columns/event.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateEventChange, validateNewEvent } from './validation/event.ts'

/** Events of the core group. Those of `events.k8s.io` are the same stored objects with other names for the old fields. */
export const event = defineKind<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Event',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewEvent,
  validateUpdate: validateEventChange,
  nameRule: 'path-segment',
  ownMetadataRules: 'nothing',
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  selectableFields: eventFields,
  columns: eventColumns,
  row: eventRow,
})

/** What field selectors may ask of an event, in whichever group. */
export function eventFields(object: Event): Readonly<Record<string, string>> {
  const about = object.involvedObject
  return {
    'involvedObject.kind': about.kind ?? '',
    'involvedObject.namespace': about.namespace ?? '',
    'involvedObject.name': about.name ?? '',
    'involvedObject.uid': about.uid ?? '',
    'involvedObject.apiVersion': about.apiVersion ?? '',
    'involvedObject.resourceVersion': about.resourceVersion ?? '',
    'involvedObject.fieldPath': about.fieldPath ?? '',
    reason: object.reason ?? '',
    reportingComponent: object.reportingComponent ?? '',
    source: object.source?.component || object.reportingComponent || '',
    type: object.type ?? '',
  }
}
