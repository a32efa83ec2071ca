/** Keeps the index of roles and bindings current from the caches that serve their reads. */
import { isFault } from '../../../../shared/kit/faults.ts'
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../../shared/model/gen/api.ts'
import { ProgressRequests } from '../../../storage/progress.ts'
import type { CachedObject } from '../../../storage/watch-cache-port.ts'
import { prefixOf, type Resources, type ResourceStore } from '../../core/resources.ts'
import { metaText } from '../../core/stored.ts'
import type { RbacIndex, RbacKind } from './rbac-index.ts'

const GROUP = 'rbac.authorization.k8s.io'
const KINDS: ReadonlyArray<readonly [RbacKind, string]> = [
  ['ClusterRole', 'clusterroles'],
  ['ClusterRoleBinding', 'clusterrolebindings'],
  ['Role', 'roles'],
  ['RoleBinding', 'rolebindings'],
]

export interface RbacFollower {
  /** Follows until the signal aborts; never rejects. What was known stays known while nothing can be read. */
  run(signal: AbortSignal): Promise<void>
  /** Resolves when decisions rest on at least this revision. */
  whenReached(revision: number, signal: AbortSignal): Promise<void>
}

export function followRbac(index: RbacIndex, resources: Resources): RbacFollower {
  const followers = KINDS.flatMap(([kind, plural]) => {
    const store = resources.find(GROUP, 'v1', plural)
    return store ? [new Follower(index, kind, store)] : []
  })
  return {
    async run(signal) {
      await Promise.all(followers.map((follower) => follower.run(signal)))
    },
    async whenReached(revision, signal) {
      await Promise.all(followers.map((follower) => follower.whenReached(revision, signal)))
    },
  }
}

class Follower {
  readonly #index: RbacIndex
  readonly #kind: RbacKind
  readonly #store: ResourceStore
  /** Storage keys of what the index holds of this kind, and where they are. */
  readonly #known = new Map<string, { readonly namespace: string; readonly name: string }>()
  readonly #progress = new ProgressRequests()
  #reached = -1
  #waiting: Array<() => void> = []

  constructor(index: RbacIndex, kind: RbacKind, store: ResourceStore) {
    this.#index = index
    this.#kind = kind
    this.#store = store
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#store.cache.whenReady(signal)
        this.#relist()
        await this.#follow(signal)
        return
      } catch (error) {
        // Fallen behind, or the cache has listed anew: so do we. Anything else means that the cache itself has ended.
        if (!isFault(error, 'gone')) return
      }
    }
  }

  async whenReached(revision: number, signal: AbortSignal): Promise<void> {
    await this.#store.cache.waitFor(revision, signal)
    this.#progress.upTo(revision)
    while (this.#reached < revision && !signal.aborted) {
      const step = Promise.withResolvers<void>()
      this.#waiting.push(step.resolve)
      signal.addEventListener('abort', () => step.resolve(), { once: true })
      await step.promise
    }
  }

  #relist(): void {
    const gone = new Map(this.#known)
    const { revision } = this.#store.cache
    for (const item of this.#store.cache.list(prefixOf(this.#store))) {
      gone.delete(item.key)
      this.#put(item)
    }
    for (const key of gone.keys()) this.#drop(key)
    this.#step(revision)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const { events, revision } of this.#store.cache.watch(prefixOf(this.#store), { after: this.#reached, signal, progress: this.#progress })) {
      for (const { type, item } of events) {
        if (type === 'DELETED') this.#drop(item.key)
        else this.#put(item)
      }
      this.#step(revision)
    }
  }

  #put({ key, object }: CachedObject): void {
    const at = { namespace: metaText(object, 'namespace'), name: metaText(object, 'name') }
    this.#known.set(key, at)
    this.#index.set(this.#kind, at, object as unknown as Role | ClusterRole | RoleBinding | ClusterRoleBinding)
  }

  #drop(key: string): void {
    const at = this.#known.get(key)
    this.#known.delete(key)
    if (at) this.#index.set(this.#kind, at, undefined)
  }

  #step(revision: number): void {
    this.#reached = revision
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
