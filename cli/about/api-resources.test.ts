import { expect, test } from 'vitest'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { preferred } from './api-resources.ts'

const resource = (group: string, version: string, plural: string): ApiResource => ({ group, version, plural, kind: 'K', singular: '', namespaced: true, shortNames: [], categories: [], verbs: [] }) as unknown as ApiResource

test('a resource of several versions is shown once, in the one that its group prefers', () => {
  const found = [resource('autoscaling', 'v2', 'horizontalpodautoscalers'), resource('autoscaling', 'v1', 'horizontalpodautoscalers'), resource('', 'v1', 'events'), resource('events.k8s.io', 'v1', 'events')]
  expect(preferred(found).map(({ group, version, plural }) => `${group}/${version} ${plural}`)).toEqual(['autoscaling/v2 horizontalpodautoscalers', '/v1 events', 'events.k8s.io/v1 events'])
})
