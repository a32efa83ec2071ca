import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import type { Secret } from '../../shared/model/gen/api.ts'
import type { EnsureOptions } from '../images/port.ts'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'
import { pullSecretsOf } from './pull-secrets.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(() => node.close())

const eventsOf = (name: string): readonly string[] => node.events.filter((one) => one.pod === name).map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
const IMAGE = '10.0.0.1:5000/team/app:1'
const publish = (): void => (node.parts.images as unknown as { publish(image: object): void }).publish({ tags: [IMAGE], sizeBytes: 4321 })
const forever = (more: object = {}): ReturnType<typeof shell> => shell('c', 'while :; do sleep 1; done', { image: IMAGE, ...more })

test('an image that is pulled: Pulling, and Pulled with how long it took', async () => {
  publish()
  node.workers.update(testPod('p', { containers: [forever()] }))
  await node.clock.advance(100)
  expect(node.status('p').phase).toBe('Running')
  expect(eventsOf('p')).toEqual([
    `Normal Pulling: Pulling image "${IMAGE}"`,
    `Normal Pulled: Successfully pulled image "${IMAGE}" in 1.2s (1.3s including waiting). Image size: 4321 bytes.`,
    'Normal Created: Container created',
    'Normal Started: Container started',
  ])
})

test('one that cannot be pulled: ErrImagePull, ImagePullBackOff after a moment, and again after 10 s, 20 s', async () => {
  node.workers.update(testPod('p', { containers: [forever()] }))
  await node.clock.advance(5_000)
  const failed = expect.stringMatching(/^Warning Failed: Failed to pull image "10.0.0.1:5000\/team\/app:1": failed to pull and unpack image/) as string
  const round = [`Normal Pulling: Pulling image "${IMAGE}"`, failed, 'Warning Failed: Error: ErrImagePull', `Normal BackOff: Back-off pulling image "${IMAGE}"`, 'Warning Failed: Error: ImagePullBackOff']
  expect(eventsOf('p')).toEqual(round)
  expect(node.status('p').containerStatuses?.[0]?.state?.waiting?.reason).toBe('ImagePullBackOff')
  await node.clock.advance(7_000)
  expect(eventsOf('p')).toEqual([...round, ...round])
  await node.clock.advance(17_000)
  expect(eventsOf('p')).toEqual([...round, ...round])
  publish()
  await node.clock.advance(3_000)
  expect(node.status('p').phase).toBe('Running')
})

/** Nothing told of it, and the containers after it waited for as long as it lasted. */
test('a store that fails (the disk is full) is told of as kubelet does, and keeps no other container waiting', async () => {
  const { images } = node.parts
  const ensure = images.ensure.bind(images)
  images.ensure = (reference, policy, options) => (reference === IMAGE ? Promise.reject(new Error('ENOSPC: no space left on device, write')) : ensure(reference, policy, options))
  node.workers.update(testPod('p', { containers: [forever(), shell('d', 'while :; do sleep 1; done')] }))
  await node.clock.advance(500)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'ErrImagePull' } } }, { state: { running: {} } }])
  expect(eventsOf('p')).toContain(`Warning Failed: Failed to pull image "${IMAGE}": ENOSPC: no space left on device, write`)
  images.ensure = ensure
  publish()
  await node.clock.advance(11_000)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { running: {} } }, { state: { running: {} } }])
})

test('an image that was imported is used at once; one for somebody else changes nothing', async () => {
  const { images } = node.parts
  const put = (tag: string): unknown => (images as unknown as { put(image: object): unknown }).put({ tags: [tag] })
  node.workers.update(testPod('p', { containers: [forever()] }))
  await node.clock.advance(3_000)
  const told = eventsOf('p').length
  put('10.0.0.1:5000/other:1')
  node.workers.imagesChanged()
  await node.clock.advance(1_000)
  expect(eventsOf('p')).toHaveLength(told)
  put(IMAGE)
  node.workers.imagesChanged()
  await node.clock.advance(1_000)
  expect(node.status('p').phase).toBe('Running')
})

test('Always: each attempt asks the registry anew', async () => {
  publish()
  node.workers.update(testPod('p', { containers: [shell('c', 'exit 1', { image: IMAGE, imagePullPolicy: 'Always' })] }))
  await node.clock.advance(1_000)
  expect(node.status('p').containerStatuses?.[0]?.restartCount).toBe(1)
  expect(eventsOf('p').filter((one) => one.includes('Pulling'))).toHaveLength(2)
  node.workers.update(testPod('q', { containers: [shell('c', 'exit 1', { image: IMAGE, imagePullPolicy: 'IfNotPresent' })] }))
  await node.clock.advance(1_000)
  expect(eventsOf('q').filter((one) => one.includes('already present on machine'))).toHaveLength(2)
})

describe('an image that was taken away between two attempts', () => {
  const crash = (policy: 'IfNotPresent' | 'Never') => shell('c', 'exit 1', { image: IMAGE, imagePullPolicy: policy })
  const restarts = (): number | undefined => node.status('p').containerStatuses?.[0]?.restartCount
  const reason = (): string | undefined => node.status('p').containerStatuses?.[0]?.state?.waiting?.reason

  test('is pulled again, without delay', async () => {
    publish()
    node.workers.update(testPod('p', { containers: [crash('IfNotPresent')] }))
    await node.clock.advance(1_000)
    const before = restarts() ?? 0
    await node.parts.images.remove(IMAGE)
    await node.clock.advance(11_000)
    expect(restarts()).toBe(before + 1)
    expect(eventsOf('p').filter((one) => one.startsWith('Normal Pulling'))).toHaveLength(2)
  })

  test('and that no policy may bring back: ErrImageNeverPull, until it is there', async () => {
    const put = (): unknown => (node.parts.images as unknown as { put(image: object): unknown }).put({ tags: [IMAGE] })
    put()
    node.workers.update(testPod('p', { containers: [crash('Never')] }))
    await node.clock.advance(1_000)
    const before = restarts() ?? 0
    await node.parts.images.remove(IMAGE)
    await node.clock.advance(11_000)
    expect(reason()).toBe('ErrImageNeverPull')
    put()
    node.workers.imagesChanged()
    await node.clock.advance(1_000)
    expect(restarts()).toBe(before + 1)
  })
})

const dockerConfig = (auths: object): string => Buffer.from(JSON.stringify(auths)).toString('base64')
const secretOf = (name: string, type: string, data: Record<string, string>): Secret => ({ metadata: { name, namespace: 'ns', uid: `uid-${name}` }, type, data })
const SECRETS: Readonly<Record<string, Secret>> = {
  json: secretOf('json', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': dockerConfig({ auths: { '10.0.0.1:5000': { username: 'u', password: 'ä' } } }) }),
  cfg: secretOf('cfg', 'kubernetes.io/dockercfg', { '.dockercfg': dockerConfig({ 'r.io': { username: 'u', password: 'q' } }) }),
  opaque: secretOf('opaque', 'Opaque', { '.dockerconfigjson': dockerConfig({ auths: { 'r.io': { username: 'u' } } }) }),
  damaged: secretOf('damaged', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': 'e30' }),
}

describe('pullSecretsOf', () => {
  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [[], [], []],
    [['json', 'cfg', 'json'], ['10.0.0.1:5000', 'r.io'], []],
    [['none', 'json', ''], ['10.0.0.1:5000'], ['none']],
    [['opaque', 'damaged'], [], []],
  ])('%j', (names, registries, missing) => {
    const found = pullSecretsOf(testPod('p', { imagePullSecrets: names.map((name) => ({ name })), containers: [] }), (namespace, name) => (namespace === 'ns' ? SECRETS[name] : undefined))
    expect(found.logins.map(({ registry }) => registry)).toEqual(registries)
    expect(found.missing).toEqual(missing)
  })

  test("its secrets are shown, a missing one is told, and tried with as soon as it is there", async () => {
    const asked: Array<EnsureOptions['logins']> = []
    const { images } = node.parts
    const ensure = images.ensure.bind(images)
    Object.assign(images, { ensure: (...args: Parameters<typeof ensure>) => (asked.push(args[2].logins), ensure(...args)) })
    node.workers.update(testPod('p', { imagePullSecrets: [{ name: 'json' }], containers: [forever()] }))
    await node.clock.advance(3_000)
    expect(eventsOf('p')[0]).toBe('Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (json); attempting to pull the image may not succeed.')
    expect(asked).toEqual([[]])
    publish()
    Object.assign(node.parts.sources, { secret: (_: string, name: string) => SECRETS[name] })
    node.workers.sourcesChanged('Secret', 'ns/json')
    await node.clock.advance(100)
    expect(asked[1]).toEqual([{ registry: '10.0.0.1:5000', credential: { kind: 'password', username: 'u', password: 'ä' }, secret: { namespace: 'ns', name: 'json', uid: 'uid-json' } }])
    expect(node.status('p').phase).toBe('Running')
  })
})
