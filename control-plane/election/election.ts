/** The door of the room. */
export { createElection, type ElectionOptions } from './candidate.ts'
export { Observer, type Sighting } from './observer.ts'
export { DEFAULT_TTL_MS, longestMs } from './pace.ts'
export { electionPrefix } from './record.ts'
