/** The door of the room. Who needs no etcd does not load its libraries, which take a quarter of a second and 40 MB. */
import type { Clock } from '../../shared/kit/clock.ts'
import type { Leases } from '../election/port.ts'
import type { EtcdAddress } from './etcd-client.ts'
import type { EtcdStorageOptions } from './etcd.ts'
import type { Storage } from './port.ts'

export { modRevisionOf } from './events.ts'
export { createMemoryStorage, type MemoryStorageOptions } from './memory.ts'
export { createWatchCache, type WatchCacheOptions } from './watch-cache.ts'
export type { EtcdAddress, EtcdStorageOptions }

/** Loads the etcd adapter; it connects at its first call, and again by itself whenever the connection breaks. */
export async function createEtcdStorage(options: EtcdStorageOptions): Promise<Storage> {
  const room = await import('./etcd.ts')
  return room.createEtcdStorage(options)
}

/** The leases of an etcd, for elections. */
export async function createEtcdLeases(address: EtcdAddress, clock: Clock): Promise<Leases & AsyncDisposable> {
  const room = await import('./etcd-leases.ts')
  return room.createEtcdLeases(address, clock)
}
