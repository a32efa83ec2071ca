import { expect, test } from 'vitest'
import { recordedCases } from '../../../test/conformance/recordings.ts'
import { podSpecDiff } from './spec-diff.ts'
import { unifiedDiff } from './unified-diff.ts'

const projection = {
  defaultMode: 420,
  sources: [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
  ],
}

test('a refused change is quoted as recorded', () => {
  const [answer] = recordedCases('apply')
    .filter((one) => one.case === 'apply-pod-spec-change-forbidden')
    .flatMap((one) => one.steps.map((step) => (step.answer?.body as { message?: string } | undefined)?.message ?? ''))
    .filter((message) => message.includes('pod updates may not change'))
  const container = { name: 'c', image: 'busybox:1.35' }
  const spec = { volumes: [{ name: 'kube-api-access-x', projected: projection }], containers: [container] }
  expect(answer?.slice(answer.indexOf('@@'))).toBe(podSpecDiff(spec, { ...spec, containers: [{ ...container, command: ['x'] }] }))
})

test('host namespaces are quoted where the internal type has them', () => {
  expect(podSpecDiff({ securityContext: {} }, { securityContext: {}, hostNetwork: true })).toContain('-  "HostNetwork": false,\n+  "HostNetwork": true,\n')
})

test('changes far apart are quoted apart, near ones together', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`)
  const changed = lines.with(3, 'x').with(8, 'y').with(25, 'z')
  const diff = unifiedDiff(lines, changed)
  expect(diff.match(/^@@.*@@$/gm)).toEqual(['@@ -1,12 +1,12 @@', '@@ -23,7 +23,7 @@'])
  expect(unifiedDiff(lines, lines)).toBe('')
  expect(unifiedDiff(['a'], ['a', 'b'])).toBe('@@ -1 +1,2 @@\n a\n+b\n')
})
