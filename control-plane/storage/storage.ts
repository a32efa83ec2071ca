/** The door of the room. */
export { createMemoryStorage, type MemoryStorageOptions } from './memory.ts'
export { createWatchCache, type WatchCacheOptions } from './watch-cache.ts'
