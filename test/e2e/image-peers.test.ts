/** Nodes with stores of their own: an image that one has runs on the others, with its registry gone or without any. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { busyboxFiles, makeBusyboxImages } from '../../deploy/images/make-busybox.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { createRegistryClient, pushImage, settingsFile } from '../../node-agent/images/registry/registry.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import { imageOf, layerOf, passwordLogin, reference } from '../contract/registry-images.ts'
import { hasRegistry, LOGIN, startRegistry } from '../contract/registry-server.ts'
import { isRunning, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'
import { BUSYBOX, containerOf, create, podWhen, trialPod } from './pod-trials.ts'

describe.skipIf(!hasRegistry)('images from other nodes', () => {
  let cluster: TestLab
  labOfTests({
    name: 'e2e-peers',
    nodes: 2,
    ownImages: true,
    async prepare(lab) {
      cluster = lab
      // Told by the control plane: where each gives images.
      await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 2 && nodes.every(({ metadata }) => metadata.annotations?.['gantry.dev/images'] !== undefined))
    },
  })

  const on = (node: string, name: string, image: string, more: object = {}) => trialPod(name, 'exec sleep 100000', { container: { image, imagePullPolicy: 'IfNotPresent' }, spec: { nodeSelector: { 'kubernetes.io/hostname': node }, ...more } })
  const storeOf = (node: string) => createImageStore({ root: layoutOf(cluster.spec).imagesOf(node), log: silentLog })

  test('imported on one node, it runs on another', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-peers-'))
    const store = await storeOf('n1')
    for (const file of makeBusyboxImages(folder)) await store.importArchive(file)
    rmSync(folder, { recursive: true })
    expect(await (await storeOf('n2')).list()).toEqual([])
    await create(cluster, on('n2', 'imported', BUSYBOX))
    await podWhen(cluster, 'imported', isRunning)
    expect(await (await storeOf('n2')).stored()).toMatchObject([{ origin: 'peer', isUsed: true }])
  })

  test('pulled with a secret on one node, then the registry goes: with the secret it runs on another, without it does not', async () => {
    const layout = layoutOf(cluster.spec)
    await using registry = await startRegistry({ tls: true, auth: 'htpasswd', address: layout.addressOf('control-plane'), prefix: ['nsenter', `--net=${layout.netnsPath('control-plane')}`] })
    writeFileSync(layout.registriesFile, JSON.stringify({ [registry.host]: { ca: registry.ca } }))
    const name = `${registry.host}/team/app:v1`
    const image = imageOf([layerOf(busyboxFiles(readFileSync('/bin/busybox'), ['sh', 'sleep']))])
    {
      using client = createRegistryClient({ settings: settingsFile(layout.registriesFile) })
      await pushImage(client, { reference: reference(name), manifest: image.manifest, blobs: image.blobs, logins: [passwordLogin(registry.host)] }, AbortSignal.timeout(60_000))
    }
    await cluster.send('POST', '/api/v1/namespaces/default/secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'good' }, type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [registry.host]: LOGIN } }) } })
    const secret = { imagePullSecrets: [{ name: 'good' }] }
    await create(cluster, on('n1', 'first', name, secret))
    await podWhen(cluster, 'first', isRunning)
    await registry[Symbol.asyncDispose]()
    writeFileSync(layout.registriesFile, JSON.stringify({ [registry.host]: { skipVerify: true } }))
    await create(cluster, on('n2', 'second', name, secret))
    await create(cluster, on('n2', 'nobody', name))
    expect(containerOf(await podWhen(cluster, 'second', isRunning)).imageID).toBe(`${registry.host}/team/app@${image.digest}`)
    await podWhen(cluster, 'nobody', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff')
  })
})
