/** The door of the room. */
export { createElection, type ElectionOptions } from './candidate.ts'
export { createEtcdLeases } from './etcd-leases.ts'
export { createMemoryLeases } from './memory-leases.ts'
