import { expect, test } from 'vitest'
import type { ConfigMap } from '../../shared/model/gen/api.ts'
import { configMaps } from '../../shared/model/resources.ts'
import { ObjectCache } from '../informers/cache.ts'
import type { Informer } from '../informers/port.ts'
import { OwnWrites } from './own-writes.ts'

const BY_APP = 'app'
const byApp = ({ metadata }: ConfigMap): readonly string[] => Object.values(metadata.labels ?? {})
const map = (name: string, resourceVersion: number, more: Partial<ConfigMap['metadata']> = {}): ConfigMap => ({
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: String(resourceVersion), labels: { app: 'x' }, ...more },
})

/** An informer that shows what it is told to, up to a revision. */
function shown() {
  const cache = new ObjectCache<ConfigMap>(() => {})
  let revision = '0'
  const informer: Informer<ConfigMap> = {
    resource: configMaps,
    get: (key) => cache.get(key),
    list: () => cache.list(),
    byIndex: (index, value) => cache.byIndex(index, value),
    addIndex: (name, valuesOf) => cache.addIndex(name, valuesOf),
    subscribe: (listener) => cache.subscribe(listener),
    askUpTo: () => {},
    hasSynced: () => true,
    whenSynced: () => Promise.resolve(),
    get size() {
      return cache.size
    },
    get resourceVersion() {
      return revision
    },
  }
  const view = new OwnWrites(informer)
  view.addIndex(BY_APP, byApp)
  return {
    view,
    show(object: ConfigMap) {
      revision = object.metadata.resourceVersion ?? revision
      cache.put(object)
    },
    remove(name: string, at: number) {
      revision = String(at)
      cache.remove(`ns/${name}`)
    },
    reach: (at: number) => void (revision = String(at)),
    names: (app = 'x') => view.byIndex(BY_APP, app).map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`),
  }
}

test('what was written counts until the informer shows it or something later', () => {
  const { view, show, names } = shown()
  view.wrote(map('a', 5))
  expect([names(), view.get('ns/a')?.metadata.resourceVersion]).toEqual([['a@5'], '5'])
  show(map('a', 5))
  show(map('a', 7))
  expect(names()).toEqual(['a@7'])
})

test('a change moves the object between index values at once, and a stale informer does not move it back', () => {
  const { view, show, names } = shown()
  show(map('a', 5))
  view.wrote(map('a', 6, { labels: { app: 'y' } }))
  show(map('b', 5))
  expect([names('x'), names('y')]).toEqual([['b@5'], ['a@6']])
})

test('what was deleted is gone until the informer shows it going; a namesake is another object', () => {
  const { view, show, remove, names } = shown()
  show(map('a', 5))
  view.deleted(map('a', 5))
  expect([names(), view.get('ns/a')]).toEqual([[], undefined])
  show(map('a', 6, { deletionTimestamp: 't' }))
  expect(names()).toEqual(['a@6'])
  remove('a', 7)
  show(map('a', 8, { uid: 'another' }))
  expect(names()).toEqual(['a@8'])
})

test('made and removed before the informer ever showed it: nothing is left of it', () => {
  const { view, reach, names } = shown()
  view.wrote(map('a', 5))
  reach(9)
  expect([names(), view.get('ns/a')]).toEqual([[], undefined])
})
