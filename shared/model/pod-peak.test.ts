import { expect, test } from 'vitest'
import type { Container } from './gen/api.ts'
import { podPeak } from './pod-peak.ts'

const container = (name: string): Container => ({ name })
const sidecar = (name: string): Container => ({ name, restartPolicy: 'Always' })

test.each<readonly [string, readonly Container[], readonly Container[], number]>([
  ['containers together', [], [container('1'), container('2')], 3],
  ['beside their sidecars', [sidecar('4')], [container('1')], 5],
  ['an init container alone, if it is more', [container('9'), container('3')], [container('1')], 9],
  ['an init container beside the sidecars before it', [sidecar('4'), container('9')], [container('1')], 13],
  ['and not beside those after it', [container('9'), sidecar('4')], [container('1')], 9],
  ['nothing', [], [], 0],
])('%s', (_, initContainers, containers, peak) => {
  expect(podPeak({ containers, initContainers }, ({ name }) => Number(name), { zero: 0, add: (a, b) => a + b, max: Math.max })).toBe(peak)
})
