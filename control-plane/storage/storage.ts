/** The door of the room. */
export { createEtcdStorage, type EtcdStorageOptions } from './etcd.ts'
export { createMemoryStorage, type MemoryStorageOptions } from './memory.ts'
export { createWatchCache, type WatchCacheOptions } from './watch-cache.ts'
export { modRevisionOf } from './events.ts'
/** For `election/` alone, the other room that may know etcd. */
export { openEtcd, type EtcdAddress, type EtcdClient } from './etcd-client.ts'
export { etcdFault } from './etcd-errors.ts'
export { toStored } from './envelope.ts'
