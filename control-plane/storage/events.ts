import type { StorageEvent } from './port.ts'
import { POSITIONS, type Revision } from './port.ts'

export const eventKey = (event: StorageEvent): string => (event.kind === 'put' ? event.entry.key : event.key)

export const eventRevision = (event: StorageEvent): Revision => (event.kind === 'put' ? event.entry.revision : event.revision)

/** etcd's revision in ours. */
export const modRevisionOf = (revision: Revision): number => Math.floor(revision / POSITIONS)

/** The first etcd revision in which there can be a write later than `revision`. */
export const firstLaterModRevision = (revision: Revision): number => Math.floor((revision + 1) / POSITIONS)
