import { expect, test } from 'vitest'
import { systemClock } from '../../../../shared/kit/clock.ts'
import { Fault } from '../../../../shared/kit/faults.ts'
import type { JsonObject } from '../../../../shared/model/json.ts'
import { kinds } from '../../../registry/registry.ts'
import { storageKey } from '../../../storage/port.ts'
import { createMemoryStorage, createWatchCache } from '../../../storage/storage.ts'
import type { CacheEventBatch, WatchCache } from '../../../storage/watch-cache-port.ts'
import { resourcesOf } from '../../core/resources.ts'
import { itemOf } from '../../core/stored.ts'
import type { User } from '../../request.ts'
import { followRbac } from './follow.ts'
import { createRbac, type Rbac } from './rbac.ts'

const GROUP = 'rbac.authorization.k8s.io'
const rbacKinds = kinds.filter(({ group }) => group === GROUP)
const user = (name: string): User => ({ name, uid: '', groups: [], extra: {} })
const may = (rbac: Rbac, name: string): boolean => rbac.authorizer({ kind: 'resource', user: user(name), verb: 'get', group: '', version: 'v1', resource: 'nodes', subresource: '', namespace: '', name: '', fieldSelector: '' }).kind === 'allow'

const role: JsonObject = { metadata: { name: 'reader' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'] }] }
const binding = (name: string): JsonObject => ({ metadata: { name }, roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'reader' }, subjects: [{ kind: 'User', name, apiGroup: GROUP }] })
const keyOf = (plural: string, name: string): string => storageKey({ group: GROUP, plural }, '', name)

test('what is written is decided by once the follower has reached its revision, and goes on to be while the storage is away', async () => {
  const storage = createMemoryStorage()
  const stop = new AbortController()
  const caches: WatchCache[] = []
  const resources = resourcesOf(rbacKinds, (prefix) => {
    const cache = createWatchCache({ storage, prefix, clock: systemClock })
    caches.push(cache)
    return cache
  })
  const rbac = createRbac()
  const follower = followRbac(rbac.index, resources)
  const away = new AbortController()
  const running = [follower.run(stop.signal), ...caches.map((cache) => cache.run(away.signal))]
  const put = async (plural: string, object: JsonObject, name: string): Promise<void> => void (await storage.write({ kind: 'put', key: keyOf(plural, name), value: JSON.stringify(object), expect: { kind: 'absent' } }))
  await put('clusterroles', role, 'reader')
  await put('clusterrolebindings', binding('jane'), 'jane')
  await follower.whenReached(await storage.currentRevision(), stop.signal)
  expect([may(rbac, 'jane'), may(rbac, 'joe')]).toEqual([true, false])
  away.abort()
  await put('clusterrolebindings', binding('joe'), 'joe')
  expect([may(rbac, 'jane'), may(rbac, 'joe')]).toEqual([true, false])
  stop.abort()
  await Promise.all(running)
})

test('after a gap everything is taken anew: what went in it gives nothing any more', async () => {
  let held = ['jane']
  const broken = Promise.withResolvers<void>()
  const quiet: WatchCache = { revision: 1, get: () => undefined, list: () => [], waitFor: () => Promise.resolve(), async *watch() {}, tellProgress: () => {}, whenReady: () => Promise.resolve(), run: () => Promise.resolve() }
  let watches = 0
  const resources = resourcesOf(rbacKinds, (_prefix, { plural }) => {
    if (plural === 'clusterroles') return { ...quiet, list: () => [itemOf(keyOf(plural, 'reader'), 1, role)] }
    if (plural !== 'clusterrolebindings') return quiet
    return {
      ...quiet,
      list: () => held.map((name) => itemOf(keyOf(plural, name), 1, binding(name))),
      async *watch(): AsyncGenerator<CacheEventBatch> {
        watches++
        if (watches > 1) return
        await broken.promise
        throw new Fault('gone', 'list again')
      },
    }
  })
  const rbac = createRbac()
  const running = followRbac(rbac.index, resources).run(new AbortController().signal)
  await expect.poll(() => may(rbac, 'jane')).toBe(true)
  held = ['joe']
  broken.resolve()
  await running
  expect([may(rbac, 'jane'), may(rbac, 'joe')]).toEqual([false, true])
})
