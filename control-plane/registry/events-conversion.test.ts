import { expect, test } from 'vitest'
import type { Event, EventsV1Event } from '../../shared/model/gen/api.ts'
import { fromCoreEvent, toCoreEvent } from './events-conversion.ts'
import { validateEventsEventChange, validateNewEventsEvent } from './validation/events-event.ts'

const event: EventsV1Event = {
  kind: 'Event',
  apiVersion: 'events.k8s.io/v1',
  metadata: { name: 'e', namespace: 'ns' },
  eventTime: '2026-01-02T03:04:05.000000Z',
  reportingController: 'example.com/controller',
  reportingInstance: 'controller-1',
  action: 'Binding',
  reason: 'Bound',
  regarding: { kind: 'Pod', namespace: 'ns', name: 'web', apiVersion: 'v1' },
  note: 'bound',
  type: 'Normal',
}

test('an event of the newer group is stored under the older names, and read again under its own', () => {
  expect(toCoreEvent(event)).toMatchObject({ apiVersion: 'v1', involvedObject: event.regarding, message: 'bound', reportingComponent: 'example.com/controller' })
  expect(fromCoreEvent(toCoreEvent(event))).toEqual(event)
})

test('an old event has old fields only', () => {
  const old: Event = { kind: 'Event', apiVersion: 'v1', metadata: { name: 'a' }, involvedObject: { name: 'web' }, message: 'm', source: { component: 'kubelet' }, count: 1, reportingComponent: '', reportingInstance: '' }
  expect(fromCoreEvent(old)).toEqual({ kind: 'Event', apiVersion: 'events.k8s.io/v1', metadata: { name: 'a' }, regarding: { name: 'web' }, note: 'm', deprecatedSource: { component: 'kubelet' }, deprecatedCount: 1 })
})

test('it must say who reports, and nearly nothing of it changes', () => {
  expect(validateNewEventsEvent(event)).toEqual([])
  expect(validateNewEventsEvent({ ...event, deprecatedCount: 3, type: 'Odd' }).map((one) => one.field)).toEqual(['type', 'count'])
  const changed = validateEventsEventChange({ ...event, note: 'other', regarding: { ...event.regarding, name: 'other' } }, event)
  expect(changed.map((one) => `${one.field}: ${one.message}`)).toEqual([
    'involvedObject: Invalid value: {"Kind":"Pod","Namespace":"ns","Name":"other","UID":"","APIVersion":"v1","ResourceVersion":"","FieldPath":""}: field is immutable',
    'message: Invalid value: "other": field is immutable',
  ])
  expect(validateEventsEventChange({ ...event, reason: 'Other' }, event)).toHaveLength(2)
  expect(validateEventsEventChange({ ...event, series: { count: 3, lastObservedTime: event.eventTime } }, event)).toEqual([])
})
