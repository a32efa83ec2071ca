import { expect, test } from 'vitest'
import type { Event, Pod } from '../../shared/model/gen/api.ts'
import { describeGeneric, labelOf } from './generic.ts'
import { describePod } from './pod.ts'
import { describeSecret } from './simple.ts'

const NOW = Date.UTC(2030, 0, 1)
const event = { metadata: { name: 'e' }, involvedObject: {}, type: 'Warning', reason: 'Failed', message: 'no such image', count: 3, firstTimestamp: '2029-12-31T23:59:00Z', lastTimestamp: '2029-12-31T23:59:50Z', source: { component: 'kubelet' } } as unknown as Event
const pod = {
  metadata: { name: 'web', namespace: 'd', labels: { b: '2', a: '1' }, annotations: { 'gantry.dev/start-timeline': '[{"step":"image","ms":3}]' } },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x:1', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }], readinessProbe: { tcpSocket: { port: 80 } } }], tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }] },
  status: { phase: 'Pending', hostIP: '10.0.0.1', containerStatuses: [{ name: 'c', image: 'x:1', imageID: '', ready: false, restartCount: 0, state: { waiting: { reason: 'ErrImagePull', message: 'load it with "gantry image import FILE"' } } }], conditions: [{ type: 'Ready', status: 'False' }] },
} as unknown as Pod

test('a pod, with what it waits for and what mends it', () => {
  const text = describePod(pod, [event], NOW)
  expect(text).toContain('Name:         web\nNamespace:    d\nNode:         n1/10.0.0.1\nLabels:       a=1\n              b=2\n')
  expect(text).toContain('    State:          Waiting\n      Reason:       ErrImagePull\n      Message:      load it with "gantry image import FILE"\n    Ready:          False\n')
  expect(text).toContain('    Readiness:      tcp-socket :80 delay=0s timeout=1s period=10s #success=1 #failure=3\n')
  expect(text).toContain('Tolerations:     k:NoExecute op=Exists for 300s\nStart:\n  image:  3 ms\n')
  expect(text).toContain('Events:\n  Type     Reason  Age                From     Message\n  ----     ------  ----               ----     -------\n  Warning  Failed  10s (x3 over 60s)  kubelet  no such image\n')
})

test('a kind nobody knows is told by its fields', () => {
  expect([labelOf('clusterIP'), labelOf('apiVersion'), labelOf('uid'), labelOf('holderIdentity')]).toEqual(['Cluster IP', 'API Version', 'UID', 'Holder Identity'])
  const text = describeGeneric({ apiVersion: 'x.io/v1', kind: 'Thing', metadata: { name: 't', uid: 'u' }, spec: { listOf: [{ a: 1 }, { a: 2 }], flag: true } }, [], NOW)
  expect(text).toContain('API Version:  x.io/v1\nKind:         Thing\nMetadata:\n  UID:  u\nSpec:\n  Flag:  true\n  List Of:\n    A:   1\n    A:   2\nEvents:  <none>\n')
})

test('secrets are counted, not shown', () => {
  expect(describeSecret({ metadata: { name: 's', namespace: 'd' }, type: 'Opaque', data: { key: 'c2VjcmV0' } })).toContain('key:  6 bytes')
})
