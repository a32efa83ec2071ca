import { isApiError } from '../../shared/kit/api-error.ts'
import type { Event } from '../../shared/model/gen/api.ts'
import { nameOf, namespaceOf } from '../../shared/model/meta.ts'
import { events } from '../../shared/model/resources.ts'
import type { ApiClient } from '../client/port.ts'

/** Stores an event of a node's agent, which names and counts its events itself: the same name again means the same event once more. */
export async function storeEvent(client: ApiClient, event: Event): Promise<void> {
  try {
    await client.create(events, event, { fieldManager: 'gantry-agent' })
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error
    const body = { count: event.count ?? 1, message: event.message ?? '', lastTimestamp: event.lastTimestamp ?? null }
    await client.patch(events, { namespace: namespaceOf(event), name: nameOf(event) }, { type: 'merge', body, fieldManager: 'gantry-agent' })
  }
}
