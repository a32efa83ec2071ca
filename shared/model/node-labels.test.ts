import { expect, test } from 'vitest'
import { whyNotNodeLabels } from './node-labels.ts'

test.each([
  [{ disk: 'ssd', 'example.com/rack': '3', 'kubernetes.io/hostname': 'n1', 'topology.kubernetes.io/zone': 'a', 'node.kubernetes.io/x': 'y', 'kubelet.kubernetes.io/x': 'y' }, {}, undefined],
  [{ 'node-role.kubernetes.io/worker': '' }, {}, 'is not allowed to modify labels: node-role.kubernetes.io/worker'],
  [{ 'node-role.kubernetes.io/worker': '' }, { 'node-role.kubernetes.io/worker': '' }, undefined],
  [{ 'x.node-restriction.kubernetes.io/a': '' }, { 'node-restriction.kubernetes.io/b': '' }, 'is not allowed to modify labels: node-restriction.kubernetes.io/b, x.node-restriction.kubernetes.io/a'],
])('%o after %o: %s', (after, before, reason) => {
  expect(whyNotNodeLabels(after, before)).toBe(reason)
})
