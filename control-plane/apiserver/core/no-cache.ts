import type { WatchCache } from '../../storage/watch-cache-port.ts'

/** The cache of a kind that is never stored: it holds nothing and is current always. */
export const noCache: WatchCache = {
  revision: 0,
  get: () => undefined,
  list: () => [],
  waitFor: () => Promise.resolve(),
  async *watch() {},
  tellProgress: () => {},
  whenReady: () => Promise.resolve(),
  run: () => Promise.resolve(),
}
