/** Pods whose images come from a registry: a real one, with TLS and passwords, on the lab's own network. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { busyboxFiles } from '../../deploy/images/make-busybox.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { createRegistryClient, pushImage, settingsFile } from '../../node-agent/images/registry/registry.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Event, Pod } from '../../shared/model/gen/api.ts'
import { imageOf, layerOf, passwordLogin, reference, type TestImage } from '../contract/registry-images.ts'
import { hasRegistry, LOGIN, startRegistry, type TestRegistry } from '../contract/registry-server.ts'
import { isRunning, run, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'
import { containerOf, create, inside, podWhen, told, trialPod } from './pod-trials.ts'

const FOREVER = 'exec sleep 100000'

describe.skipIf(!hasRegistry)('a registry', () => {
  let cluster: TestLab
  let registry: TestRegistry | undefined
  let host: string
  let image: TestImage
  let name: string

  labOfTests({ name: 'e2e-registry', nodes: 1, prepare, ending })

  async function prepare(lab: TestLab): Promise<void> {
    cluster = lab
    const layout = layoutOf(cluster.spec)
    registry = await startRegistry({ tls: true, auth: 'htpasswd', address: layout.addressOf('control-plane'), prefix: ['nsenter', `--net=${layout.netnsPath('control-plane')}`] })
    ;({ host } = registry)
    writeFileSync(layout.registriesFile, JSON.stringify({ [host]: { ca: registry.ca } }))
    name = `${host}/team/busybox:v1`
    // Of this run alone, so that nothing of it is in the store of this host yet.
    image = imageOf([layerOf(busyboxFiles(readFileSync('/bin/busybox'), ['sh', 'sleep', 'cat'])), layerOf([{ name: 'etc/run', content: `${Date.now()}` }], 'zstd')])
    using client = createRegistryClient({ settings: settingsFile(layout.registriesFile) })
    await pushImage(client, { reference: reference(name), manifest: image.manifest, blobs: image.blobs, logins: [passwordLogin(host)] }, AbortSignal.timeout(60_000))
    await secret('good', { [host]: LOGIN })
    await secret('bad', { [host]: { ...LOGIN, password: 'wrong' } })
  }

  async function ending(): Promise<void> {
    if (registry === undefined) return
    await (await createImageStore({ root: layoutOf(cluster.spec).images, log: silentLog })).remove((await idOf()) ?? name)
    await registry[Symbol.asyncDispose]()
    registry = undefined
  }

  const idOf = async (): Promise<string | undefined> => (await (await createImageStore({ root: layoutOf(cluster.spec).images, log: silentLog })).find(name))?.id

  const secret = (of: string, auths: object): Promise<unknown> =>
    cluster.send('POST', '/api/v1/namespaces/default/secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: of }, type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': JSON.stringify({ auths }) } })

  const pod = (of: string, more: object, reference = name): Pod => trialPod(of, FOREVER, { container: { image: reference, imagePullPolicy: 'IfNotPresent' }, spec: more })

  const eventsOf = async (of: string): Promise<readonly string[]> =>
    (await cluster.get<{ readonly items: readonly Event[] }>(`/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D${of}`)).items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)

  test('a wrong secret: ErrImagePull, then ImagePullBackOff, in words that say why', async () => {
    await create(cluster, pod('refused', { imagePullSecrets: [{ name: 'bad' }] }))
    const waiting = await podWhen(cluster, 'refused', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff')
    const why = `failed to pull and unpack image "${name}": failed to resolve reference "${name}": pull access denied, repository does not exist or may require authorization: authorization failed`
    expect(containerOf(waiting).state).toEqual({ waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${name}": ErrImagePull: ${why}` } })
    await told(cluster, 'refused', { reason: 'BackOff', message: `Back-off pulling image "${name}"` })
    const events = await eventsOf('refused')
    for (const event of [`Normal Pulling: Pulling image "${name}"`, `Warning Failed: Failed to pull image "${name}": ${why}`, 'Warning Failed: Error: ErrImagePull']) expect(events).toContain(event)
    expect((await cluster.kubectl(['get', 'pod', 'refused'])).stdout).toMatch(/refused +0\/1 +ImagePullBackOff /)
  })

  test("the pod's secret: pulled, told, run", async () => {
    await create(cluster, pod('pulled', { imagePullSecrets: [{ name: 'good' }] }))
    const status = containerOf(await podWhen(cluster, 'pulled', isRunning))
    expect(status).toMatchObject({ image: name, imageID: `${host}/team/busybox@${image.digest}` })
    expect(await inside(cluster, 'pulled', 'cat /etc/run')).toMatch(/^\d+$/)
    await told(cluster, 'pulled', { reason: 'Started', message: 'Container started' })
    expect((await eventsOf('pulled')).filter((one) => /Pull/.test(one))).toEqual([`Normal Pulling: Pulling image "${name}"`, expect.stringMatching(/^Normal Pulled: Successfully pulled image ".*:v1" in [\d.ms]+ \([\d.ms]+ including waiting\)\. Image size: \d+ bytes\.$/) as string])
  })

  test('an image is built on a private one with the builder’s own login, and pushed beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-build-'))
    const built = `${host}/team/built:1`
    const gantry = (...words: readonly string[]): Promise<Ran> => run(join(import.meta.dirname, '../../gantry'), ['--kubeconfig', cluster.kubeconfig, 'image', ...words])
    const login = join(folder, 'login.json')
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${name}\nRUN echo built > /built\n`)
    writeFileSync(login, JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64') } } }))
    writeFileSync(join(folder, 'none.json'), '{}')
    expect(await gantry('build', '-q', '-t', built, '--node', 'n1', '--docker-config', join(folder, 'none.json'), folder)).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('pull access denied') as string })
    expect(await gantry('build', '-q', '-t', built, '--node', 'n1', '--docker-config', login, folder)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) as string })
    expect(await gantry('push', built, '--node', 'n1', '--docker-config', login)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(new RegExp(`^${built} pushed: sha256:[0-9a-f]{64}\n$`)) as string })
    expect((await gantry('rm', built, '--node', 'n1')).exitCode).toBe(0)
    await create(cluster, pod('built', { imagePullSecrets: [{ name: 'good' }] }, built))
    await podWhen(cluster, 'built', isRunning)
    expect(await inside(cluster, 'built', 'cat /built')).toBe('built\n')
    await cluster.send('DELETE', '/api/v1/namespaces/default/pods/built')
    expect((await gantry('rm', built, '--node', 'n1')).exitCode).toBe(0)
    rmSync(folder, { recursive: true })
  })

  test('by digest, with the secret of the service account; without any, what is here is not for everybody', async () => {
    await cluster.send('POST', '/api/v1/namespaces/default/serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'puller' }, imagePullSecrets: [{ name: 'good' }] })
    await create(cluster, pod('by-digest', { serviceAccountName: 'puller' }, `${host}/team/busybox@${image.digest}`))
    await create(cluster, pod('nobody', {}))
    expect(containerOf(await podWhen(cluster, 'by-digest', isRunning)).imageID).toBe(`${host}/team/busybox@${image.digest}`)
    const refused = await podWhen(cluster, 'nobody', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff')
    expect(containerOf(refused).state?.waiting?.message).toContain('authorization failed: no basic auth credentials')
  })
})
