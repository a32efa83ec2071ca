/** The door of the room. */
export { createElection, DEFAULT_TTL_MS, type ElectionOptions } from './candidate.ts'
export { Observer, type Sighting } from './observer.ts'
export { longestMs } from './pace.ts'
export { electionPrefix } from './record.ts'
