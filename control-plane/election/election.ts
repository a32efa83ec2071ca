/** The door of the room. */
export { createElection, type ElectionOptions } from './candidate.ts'
export { createMemoryLeases } from './memory-leases.ts'
