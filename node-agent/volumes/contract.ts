import { describe, expect, it } from 'vitest'
import type { ConfigMap, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Volume } from '../../shared/model/gen/api.ts'
import type { ClaimSources, VolumeSources, Volumes } from './port.ts'

export interface VolumesHarness extends AsyncDisposable {
  readonly volumes: Volumes
}

/** Sources that a test fills. */
export interface TestSources extends VolumeSources {
  readonly configMaps: Map<string, ConfigMap>
  readonly secrets: Map<string, Secret>
  readonly boundClaims: Map<string, PersistentVolumeClaim>
  readonly volumes: Map<string, PersistentVolume>
  readonly labels: Map<string, string>
  readonly claims: ClaimSources
}

export function testSources(): TestSources {
  const configMaps = new Map<string, ConfigMap>()
  const secrets = new Map<string, Secret>()
  const boundClaims = new Map<string, PersistentVolumeClaim>()
  const volumes = new Map<string, PersistentVolume>()
  const labels = new Map<string, string>()
  return {
    configMaps,
    secrets,
    boundClaims,
    volumes,
    labels,
    claims: { claim: (namespace, name) => boundClaims.get(`${namespace}/${name}`), volume: (name) => volumes.get(name), labelsOfNode: () => Object.fromEntries(labels) },
    configMap: (namespace, name) => configMaps.get(`${namespace}/${name}`),
    secret: (namespace, name) => secrets.get(`${namespace}/${name}`),
    serviceAccountToken: async ({ audience, expirationSeconds }) => ({ token: `token for ${audience}`, expiresMs: expirationSeconds * 1000 }),
  }
}

export const podWith = (volumes: readonly Volume[], spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: '6e1fcf20-0000-4000-8000-000000000001', labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'busybox:1.35' }], volumes, ...spec },
})

/** A pod whose only container mounts its only volume, that of a claim. */
export const podWithClaim = (volume: Volume, spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => podWith([volume], { containers: [{ name: 'c', image: 'busybox:1.35', volumeMounts: [{ name: volume.name, mountPath: '/d' }] }], ...spec })

/** The claim `ns/c`, and the volume `pv` that is bound to it. */
export function bindClaim(sources: TestSources, spec: PersistentVolume['spec'], name = 'c'): void {
  sources.boundClaims.set(`ns/${name}`, { metadata: { name, namespace: 'ns', uid: `uid-${name}` }, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } })
  sources.volumes.set('pv', { metadata: { name: 'pv' }, spec: { accessModes: ['ReadWriteOnce'], ...spec, claimRef: { namespace: 'ns', name, uid: `uid-${name}` } } })
}

/** What every kind of volumes promises. */
export function volumesContract(name: string, open: () => Promise<VolumesHarness>): void {
  describe(`volumes: ${name}`, () => {
    const uid = podWith([]).metadata.uid ?? ''

    it('are there from prepare to remove', async () => {
      await using harness = await open()
      const { volumes } = harness
      const pod = podWith([{ name: 'scratch', emptyDir: {} }])
      const first = await volumes.prepare(pod, testSources())
      expect(first).toMatchObject({ kind: 'ready', paths: { scratch: expect.stringContaining(volumes.podFolder(uid)) as string } })
      expect(await volumes.prepare(pod, testSources())).toEqual(first)
      expect(await volumes.list()).toEqual([uid])
      await volumes.remove(uid)
      await volumes.remove(uid)
      expect(await volumes.list()).toEqual([])
    })

    it.each<readonly [string, Volume, string]>([
      ['config map', { name: 'd', configMap: { name: 'nope' } }, 'configmap "nope" not found'],
      ['secret', { name: 'd', secret: { secretName: 'nope' } }, 'secret "nope" not found'],
      ['key of a config map', { name: 'd', configMap: { name: 'cm', items: [{ key: 'no', path: 'x' }] } }, 'configmap references non-existent config key: no'],
      ['key of a secret', { name: 'd', secret: { secretName: 's', items: [{ key: 'no', path: 'x' }] } }, 'references non-existent secret key: no'],
    ])('wait for a missing %s', async (_, volume, message) => {
      await using harness = await open()
      const sources = testSources()
      sources.configMaps.set('ns/cm', { metadata: { name: 'cm' }, data: { k: 'v' } })
      sources.secrets.set('ns/s', { metadata: { name: 's' }, data: { k: 'dg==' } })
      expect(await harness.volumes.prepare(podWith([volume]), sources)).toEqual({ kind: 'waiting', message: `MountVolume.SetUp failed for volume "d" : ${message}` })
      sources.configMaps.set('ns/nope', { metadata: { name: 'nope' } })
      sources.secrets.set('ns/nope', { metadata: { name: 'nope' } })
      sources.configMaps.set('ns/cm', { metadata: { name: 'cm' }, data: { no: 'now' } })
      sources.secrets.set('ns/s', { metadata: { name: 's' }, data: { no: 'bm93' } })
      expect(await harness.volumes.prepare(podWith([volume]), sources)).toMatchObject({ kind: 'ready' })
    })

    it('wait for a claim until it is bound, both ways', async () => {
      await using harness = await open()
      const sources = testSources()
      const pod = podWithClaim({ name: 'd', persistentVolumeClaim: { claimName: 'c' } })
      const words = async (): Promise<string> => {
        const result = await harness.volumes.prepare(pod, sources)
        return result.kind === 'ready' ? 'ready' : result.message.replace('Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process volumes=[d]: error processing PVC ns/c: ', '')
      }
      expect(await words()).toBe('failed to fetch PVC from API server: persistentvolumeclaims "c" not found')
      const metadata = { name: 'c', namespace: 'ns', uid: 'uid-c' }
      sources.boundClaims.set('ns/c', { metadata, spec: { volumeName: 'pv' }, status: { phase: 'Pending' } })
      expect(await words()).toBe('PVC is not bound')
      sources.boundClaims.set('ns/c', { metadata, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } })
      expect(await words()).toBe('failed to fetch PV pv from API server: persistentvolumes "pv" not found')
      sources.volumes.set('pv', { metadata: { name: 'pv' }, spec: {} })
      expect(await words()).toBe('found PV object pv but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim')
      sources.volumes.set('pv', { metadata: { name: 'pv' }, spec: { claimRef: { uid: 'other' } } })
      expect(await words()).toBe('found PV object pv but its pv.Spec.ClaimRef.UID other does not point to claim.UID uid-c')
      bindClaim(sources, { hostPath: { path: '/tmp' } })
      sources.boundClaims.set('ns/c', { ...sources.boundClaims.get('ns/c'), metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })
      expect(await words()).toBe('PVC is being deleted')
      bindClaim(sources, { hostPath: { path: '/tmp' } })
      expect(await harness.volumes.prepare(pod, sources)).toEqual({ kind: 'ready', paths: { d: expect.any(String) as string } })
    })

    it('do not look at a claim that no container mounts', async () => {
      await using harness = await open()
      expect(await harness.volumes.prepare(podWith([{ name: 'd', persistentVolumeClaim: { claimName: 'nope' } }]), testSources())).toEqual({ kind: 'ready', paths: {} })
    })

    it('take for an ephemeral volume no claim but the pod’s own', async () => {
      await using harness = await open()
      const sources = testSources()
      const pod = podWithClaim({ name: 'd', ephemeral: {} })
      bindClaim(sources, { hostPath: { path: '/tmp' } }, 'p-d')
      expect(await harness.volumes.prepare(pod, sources)).toEqual({ kind: 'waiting', message: 'Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process volumes=[d]: PVC ns/p-d was not created for pod ns/p (pod is not owner)' })
      const made = sources.boundClaims.get('ns/p-d') ?? { metadata: {} }
      sources.boundClaims.set('ns/p-d', { ...made, metadata: { ...made.metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }] } })
      expect(await harness.volumes.prepare(pod, sources)).toMatchObject({ kind: 'ready' })
    })

    it('do not wait for what is optional', async () => {
      await using harness = await open()
      const pod = podWith([
        { name: 'a', configMap: { name: 'nope', optional: true } },
        { name: 'b', secret: { secretName: 'nope', optional: true } },
      ])
      expect(await harness.volumes.prepare(pod, testSources())).toMatchObject({ kind: 'ready' })
    })
  })
}
