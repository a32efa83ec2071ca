/** The door of the room. Who needs no etcd does not load its libraries, which take a quarter of a second and 40 MB. */
import type { EtcdAddress, EtcdTls } from './etcd-client.ts'
import type { EtcdStorageOptions } from './etcd.ts'
import type { Storage } from './port.ts'

export { modRevisionOf } from './events.ts'
export { createMemoryStorage, type MemoryStorageOptions } from './memory.ts'
export { createWatchCache, type WatchCacheOptions } from './watch-cache.ts'
export type { EtcdAddress, EtcdStorageOptions, EtcdTls }

/** Loads the etcd adapter; it connects at its first call, and again by itself whenever the connection breaks. */
export async function createEtcdStorage(options: EtcdStorageOptions): Promise<Storage> {
  const room = await import('./etcd.ts')
  return room.createEtcdStorage(options)
}
