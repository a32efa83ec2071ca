import { expect, test } from 'vitest'
import type { PodSpec, Service } from '../../../shared/model/gen/api.ts'
import { podSpecWarnings } from './pod-spec.ts'
import { serviceWarnings } from './service.ts'

const warned = (spec: object): readonly string[] => podSpecWarnings({ containers: [], ...spec } as PodSpec, { prefix: '', meta: undefined })

test('files of a volume that hide one another are told', () => {
  const items = [{ key: 'a', path: 'x' }, { key: 'b', path: 'x/y' }]
  expect(warned({ volumes: [{ name: 'v', configMap: { name: 'm', items } }] })).toEqual(['volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"'])
  const sources = [{ secret: { name: 's', items: [items[0]] } }, { serviceAccountToken: { path: 'x/' } }, {}]
  expect(warned({ volumes: [{ name: 'v', projected: { sources } }] })).toEqual(['volume "v" (Projected) has no sources provided', 'volume "v" (Projected): overlapping paths: "x" (ServiceAccountToken) with "x" (Secret "s")'])
  expect(warned({ volumes: [{ name: 'v', secret: { secretName: 's', items: [items[0], { key: 'b', path: 'xy' }] } }] })).toEqual([])
})

test('a variable that goes on from its earlier value hides nothing', () => {
  const env = (value: string): readonly string[] => warned({ containers: [{ name: 'c', env: [{ name: 'A', value: '1' }, { name: 'A', value }] }] })
  expect(env('$(A)2')).toEqual([])
  expect(env('$(A)')).toHaveLength(1)
  expect(env('2')).toHaveLength(1)
})

test('ports of two containers under one name, and of one host under two addresses, are told', () => {
  const container = (name: string, port: object): object => ({ name, ports: [{ protocol: 'TCP', ...port }] })
  const first = 'spec.containers[0].ports[0]'
  const second = 'spec.containers[1].ports[0]'
  expect(warned({ containers: [container('a', { containerPort: 1, name: 'p' }), container('b', { containerPort: 2, name: 'p' })] })).toEqual([
    `${second}: duplicate port name "p" with ${first}, services and probes that select ports by name will use ${first}`,
  ])
  expect(warned({ containers: [container('a', { containerPort: 1, hostPort: 1 }), container('b', { containerPort: 1, hostPort: 1, hostIP: '1.2.3.4' })] })).toEqual([`${second}: dangerously ambiguous port definition with ${first}`])
})

test('an affinity to no pods, and a preference of values that no label has, are told', () => {
  const key = 'requiredDuringSchedulingIgnoredDuringExecution'
  expect(warned({ affinity: { podAntiAffinity: { [key]: [{ topologyKey: 'z' }] } } })).toEqual([`spec.affinity.podAntiAffinity.${key}[0].labelSelector: a null labelSelector results in matching no pod`])
  const preference = { matchExpressions: [{ key: 'k', operator: 'In', values: ['a b'] }] }
  const [told] = warned({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] } } })
  expect(told).toContain('preference.matchExpressions[0].values[0]: a b is invalid, a valid label must be')
})

test('fields of a service that mean nothing with its type are told', () => {
  const of = (spec: object): readonly string[] => serviceWarnings({ metadata: {}, spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec } } as Service, undefined, { nowMs: 0, subresource: '', userName: '' })
  expect(of({ clusterIP: 'None', externalIPs: ['1.2.3.4'] })).toEqual(['spec.externalIPs is ignored for headless services'])
  expect(of({ type: 'ExternalName', externalName: 'a', externalIPs: ['1.2.3.4'] })).toEqual(['spec.externalIPs is ignored when spec.type is "ExternalName"'])
  expect(of({ trafficDistribution: 'PreferClose' })).toEqual(['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'])
})

test('containers are told of one after the other, with all that is to say of each', () => {
  const container = (name: string): object => ({ name, resources: { limits: { memory: '1500m' } } })
  const annotations = { 'container.seccomp.security.alpha.kubernetes.io/a': 'unconfined', 'container.seccomp.security.alpha.kubernetes.io/b': 'unconfined' }
  const warnings = podSpecWarnings({ containers: [container('a'), container('b')] } as unknown as PodSpec, { prefix: '', meta: { annotations } })
  expect(warnings.map((text) => /kubernetes\.io\/\w|containers\[\d\]/.exec(text)?.[0])).toEqual(['kubernetes.io/a', 'containers[0]', 'kubernetes.io/b', 'containers[1]'])
})
