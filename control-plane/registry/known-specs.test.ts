import { describe, expect, test } from 'vitest'
import { fieldErrorText } from '../../shared/model/field-error.ts'
import type { Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { knownSpecs } from './known-specs.ts'
import { validateNewPod } from './validation/pod.ts'
import { podWarnings } from './warnings/pod.ts'

const context = { nowMs: 0, subresource: '', userName: 'test' }
const container = { name: 'c', image: 'image', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', terminationMessagePath: '/dev/termination-log' } as const

function podOf(spec: object, metadata: object = { name: 'p' }): Pod {
  return { metadata, spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', serviceAccountName: 'default', securityContext: {}, containers: [container], ...spec } } as unknown as Pod
}

const token = (volume: string, mounted = volume): object => ({
  containers: [{ ...container, volumeMounts: [{ name: mounted, mountPath: '/token', readOnly: true }] }],
  volumes: [{ name: volume, projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3607 } }], defaultMode: 420 } }],
})

const said = (pod: Pod): readonly string[] => validateNewPod(pod).map(fieldErrorText)

describe('specs that say the same', () => {
  const known = knownSpecs()
  const specOf = (spec: object): PodSpec => podOf(spec).spec as PodSpec
  known.add(specOf(token('kube-api-access-aaaaa')))

  test('are known, whatever their token is called', () => {
    expect(known.has(specOf(token('kube-api-access-aaaaa')))).toBe(true)
    expect(known.has(specOf(token('kube-api-access-x2456')))).toBe(true)
  })

  test('are none where a volume has a name of another kind, or something else is mounted', () => {
    expect(known.has(specOf(token('kube-api-access-aaaaaa')))).toBe(false)
    expect(known.has(specOf(token('kube-api-access-AAAAA')))).toBe(false)
    expect(known.has(specOf(token('kube-api-access-aaaaa', 'kube-api-access-bbbbb')))).toBe(false)
  })

  test('are forgotten when many others have come', () => {
    for (let index = 0; index < 200; index++) known.add(specOf({ hostname: `host-${index}` }))
    expect(known.has(specOf({ hostname: 'host-199' }))).toBe(true)
    expect(known.has(specOf({ hostname: 'host-0' }))).toBe(false)
    expect(known.has(specOf(token('kube-api-access-aaaaa')))).toBe(false)
  })
})

describe('after a pod that nothing was said against', () => {
  test('one that mounts what is not there is refused', () => {
    expect(said(podOf(token('kube-api-access-aaaaa')))).toEqual([])
    expect(said(podOf(token('kube-api-access-bbbbb')))).toEqual([])
    expect(said(podOf(token('kube-api-access-aaaaa', 'kube-api-access-bbbbb')))).toEqual(['spec.containers[0].volumeMounts[0].name: Not found: "kube-api-access-bbbbb"'])
  })

  test('one with the same spec and a name too long for its claims is refused', () => {
    const spec = { volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } }] }
    expect(said(podOf(spec))).toEqual([])
    expect(said(podOf(spec, { name: 'p'.repeat(250) }))).toHaveLength(1)
  })

  test('one with the same spec and a wrong annotation is refused', () => {
    expect(said(podOf({}))).toEqual([])
    expect(said(podOf({}, { name: 'p', annotations: { 'controller.kubernetes.io/pod-deletion-cost': 'much' } }))).toHaveLength(1)
  })

  test('one with the same spec and an annotation that is out of use is warned of', () => {
    const old = { name: 'p', annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default' } }
    expect(podWarnings(podOf({}), undefined, context)).toEqual([])
    expect(podWarnings(podOf({}, old), undefined, context)).not.toEqual([])
    expect(podWarnings(podOf({}), undefined, context)).toEqual([])
  })

  test('what is refused or warned of is so each time', () => {
    const wrong = podOf({ hostname: 'No Host' })
    const odd = podOf({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } })
    for (let again = 0; again < 3; again++) {
      expect(said(wrong)).toHaveLength(1)
      expect(podWarnings(odd, undefined, context)).toHaveLength(1)
    }
  })
})
