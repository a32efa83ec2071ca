/** A disk for images that is full, on a real machine of a lab: what can be fetched again goes, and the pod that waited for room runs. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { busyboxFiles } from '../../deploy/images/make-busybox.ts'
import { createRegistryClient, pushImage, settingsFile } from '../../node-agent/images/registry/registry.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { imageOf, layerOf, reference } from '../contract/registry-images.ts'
import { hasRegistry, startRegistry, type TestRegistry } from '../contract/registry-server.ts'
import { isRunning, testLab, type TestLab } from './harness.ts'
import { containerOf, create, inside, podWhen, remove, trialPod } from './pod-trials.ts'

const NAME = 'e2e-image-gc'
/** Room for two of three: each lies there as it came and unpacked. */
const DISK = '48m'
const OWN_BYTES = 9 << 20

describe.skipIf(!hasRegistry)('a small disk for images', () => {
  let cluster: TestLab
  let registry: TestRegistry
  let disk: string

  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'gantry-e2e-image-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'gantry-e2e', disk])
    cluster = await testLab(NAME, { nodes: 1 })
    const layout = layoutOf(cluster.spec)
    registry = await startRegistry({ address: layout.addressOf('control-plane'), prefix: ['nsenter', `--net=${layout.netnsPath('control-plane')}`] })
    writeFileSync(layout.registriesFile, JSON.stringify({ [registry.host]: { server: `http://${registry.host}` } }))
    const file = join(layout.memberState('n1'), 'config.json')
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), imageDir: disk, imageGCHighThresholdPercent: 50, imageGCLowThresholdPercent: 20, imageMinimumGCAge: '0s' }))
    await again()
    const busybox = busyboxFiles(readFileSync('/bin/busybox'), ['sh', 'sleep', 'cat', 'wc'])
    using client = createRegistryClient({ settings: settingsFile(layout.registriesFile) })
    for (const tag of ['one', 'two', 'three']) {
      const image = imageOf([layerOf(busybox), layerOf([{ name: 'etc/tag', content: tag }, { name: 'own', content: randomBytes(OWN_BYTES) }])])
      await pushImage(client, { reference: reference(nameOf(tag)), manifest: image.manifest, blobs: image.blobs, logins: [] }, AbortSignal.timeout(60_000))
    }
  }, 120_000)

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
    execFileSync('umount', ['--lazy', disk])
    rmSync(disk, { recursive: true })
  })

  const nameOf = (tag: string): string => `${registry.host}/team/${tag}:v1`
  const pod = (tag: string): Pod => trialPod(tag, 'exec sleep 100000', { container: { image: nameOf(tag), imagePullPolicy: 'IfNotPresent' } })
  /** A collector looks when its agent starts. */
  const again = async (): Promise<void> => {
    await lab.kill(NAME, 'n1/agent')
    await lab.start(NAME, 'n1/agent')
  }
  const usedPercent = (): number => {
    const { blocks, bfree } = statfsSync(disk)
    return Math.round((100 * (blocks - bfree)) / blocks)
  }

  test('is full: the pod says so; what is unused goes, what a container stands on stays, and the pod runs', { timeout: 300_000 }, async () => {
    await create(cluster, pod('one'))
    await podWhen(cluster, 'one', isRunning)
    await create(cluster, pod('two'))
    await podWhen(cluster, 'two', isRunning)
    await create(cluster, pod('three'))
    const waiting = await podWhen(cluster, 'three', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff')
    expect(containerOf(waiting).state?.waiting?.message).toMatch(/no space left on device/i)
    await remove(cluster, 'two', 0)
    expect(usedPercent()).toBeGreaterThan(50)
    await again()
    await podWhen(cluster, 'three', isRunning, 120_000)
    expect(await inside(cluster, 'three', 'cat /etc/tag; wc -c < /own')).toBe(`three${OWN_BYTES}\n`)
    expect(await inside(cluster, 'one', 'cat /etc/tag; wc -c < /own')).toBe(`one${OWN_BYTES}\n`)
    expect(containerOf(await podWhen(cluster, 'one', isRunning)).restartCount).toBe(0)
  })
})
