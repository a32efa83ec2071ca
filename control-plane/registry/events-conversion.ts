import type { Event, EventsV1Event } from '../../shared/model/gen/api.ts'

/** Members with another name where they are there. */
function renamed<From extends object, To extends object>(object: From, names: Readonly<Record<string, string>>): To {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [names[key] ?? key, value])) as To
}

const coreNames: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
}
const eventsNames = Object.fromEntries(Object.entries(coreNames).map(([newer, older]) => [older, newer]))

/** An event of `events.k8s.io` as it is stored: in the shape of the core group, all of whose fields are printed. */
export const toCoreEvent = (event: EventsV1Event): Event => ({
  reportingComponent: '',
  reportingInstance: '',
  ...renamed<EventsV1Event, Event>({ regarding: {}, ...event }, coreNames),
  apiVersion: 'v1',
})

/** A stored event as `events.k8s.io` shows it; what is empty there is left out. */
export function fromCoreEvent(event: Event): EventsV1Event {
  const { reportingComponent, reportingInstance, involvedObject, ...rest } = event
  return {
    ...renamed<Partial<Event>, EventsV1Event>(rest, eventsNames),
    ...(Object.keys(involvedObject ?? {}).length > 0 && { regarding: involvedObject }),
    ...(reportingComponent && { reportingController: reportingComponent }),
    ...(reportingInstance && { reportingInstance }),
    apiVersion: 'events.k8s.io/v1',
  }
}
