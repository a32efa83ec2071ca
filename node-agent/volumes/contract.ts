import { describe, expect, it } from 'vitest'
import type { ConfigMap, Pod, Secret, Volume } from '../../shared/model/gen/api.ts'
import type { VolumeSources, Volumes } from './port.ts'

export interface VolumesHarness extends AsyncDisposable {
  readonly volumes: Volumes
}

/** Sources that a test fills. */
export interface TestSources extends VolumeSources {
  readonly configMaps: Map<string, ConfigMap>
  readonly secrets: Map<string, Secret>
}

export function testSources(): TestSources {
  const configMaps = new Map<string, ConfigMap>()
  const secrets = new Map<string, Secret>()
  return {
    configMaps,
    secrets,
    configMap: (namespace, name) => configMaps.get(`${namespace}/${name}`),
    secret: (namespace, name) => secrets.get(`${namespace}/${name}`),
    serviceAccountToken: async ({ audience, expirationSeconds }) => ({ token: `token for ${audience}`, expiresMs: expirationSeconds * 1000 }),
  }
}

export const podWith = (volumes: readonly Volume[], spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: '6e1fcf20-0000-4000-8000-000000000001', labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'busybox:1.35' }], volumes, ...spec },
})

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
