/** Nodes that give each other images, and a real registry behind a way that counts. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digestOf, hexOf, type Digest } from '../../node-agent/images/digest.ts'
import { createRegistryClient, parseRegistrySettings } from '../../node-agent/images/registry/registry.ts'
import { cutAfter, imageIn, noise, openCluster, push, silence, type TestCluster } from './peer-nodes.ts'
import { descriptorOf, imageOf, indexOf, layerOf, passwordLogin, type TestImage } from './registry-images.ts'
import { freePort, hasRegistry, spoiltWay, startRegistry, type SpoiltWay, type TestRegistry } from './registry-server.ts'

const never = new AbortController().signal

describe.skipIf(!hasRegistry)('nodes that give each other images', () => {
  let registry: TestRegistry
  let way: SpoiltWay
  let cluster: TestCluster
  let isGone = false
  let unused = 0
  beforeAll(async () => {
    registry = await startRegistry()
    way = await spoiltWay(registry.host)
    unused = await freePort()
  })
  afterAll(async () => {
    await way[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    isGone = false
    way.trouble = () => undefined
  })
  const settings = (): object => ({ [way.host]: { server: isGone ? `http://127.0.0.1:${unused}` : `http://${way.host}` } })
  const open = async (): Promise<TestCluster> => (cluster = await openCluster(settings))
  const named = (name: string): string => `${way.host}/${name}`
  const gets = (from: number, part: string): readonly string[] => way.seen.slice(from).filter(({ method, path }) => method === 'GET' && path.includes(part)).map(({ path }) => path.split('/').at(-1) ?? '').toSorted()
  const blobsOf = (image: TestImage): readonly string[] => [digestOf(image.config), ...image.layers.map(({ bytes }) => digestOf(bytes))].toSorted()

  test('all pull at once: the registry gives each blob once; a node that comes when it is gone gets it from them', async () => {
    await using _ = await open()
    const image = imageOf([layerOf([noise()]), layerOf([noise()], 'zstd')])
    await push(registry.host, 'once:plain', image)
    using client = createRegistryClient({ settings: async () => parseRegistrySettings('{}', 'test') })
    const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }
    const index = indexOf([{ ...descriptorOf(image.manifest.bytes, image.manifest.mediaType), platform }])
    await client.open(`${registry.host}/once`, { logins: [], actions: 'pull,push', signal: never }).pushManifest('v1', index)
    way.trouble = (_, path) => (path.includes('/blobs/') ? { kind: 'slow', pieces: 5 } : undefined)
    const nodes = await Promise.all(['n1', 'n2', 'n3'].map((name) => cluster.add(name)))
    const from = way.seen.length
    const pulled = await Promise.all(nodes.map((node) => node.ensure(named('once:v1'))))
    expect(new Set(pulled.map((result) => imageIn(result).id))).toEqual(new Set([digestOf(image.config)]))
    expect(gets(from, '/blobs/')).toEqual(blobsOf(image))
    expect(gets(from, '/manifests/')).toEqual([digestOf(index.bytes), image.digest].toSorted())
    expect(nodes.reduce((sum, { peers }) => sum + peers.counts.blobs.peer, 0)).toBe(2 * 5)
    isGone = true
    const late = await cluster.add('n4')
    expect(imageIn(await late.ensure(named(`once@${digestOf(index.bytes)}`))).id).toBe(digestOf(image.config))
    expect(imageIn(await late.ensure(named('once:v1')))).toMatchObject({ id: digestOf(image.config), tags: [named('once:v1')], digests: [`${named('once')}@${digestOf(index.bytes)}`] })
    // What Always asks for is the registry's own word.
    expect(await late.ensure(named('once:v1'), {}, 'Always')).toMatchObject({ kind: 'refused', message: expect.stringContaining('connection refused') as string })
  })

  test('a tag that moved is what the registry says; its layers come from where they are', async () => {
    await using _ = await open()
    const base = layerOf([noise()])
    const [before, after] = [imageOf([base]), imageOf([base, layerOf([noise()])])]
    const [one, two] = [await cluster.add('n1'), await cluster.add('n2')]
    await push(registry.host, 'moved:v1', before)
    imageIn(await one.ensure(named('moved:v1')))
    await push(registry.host, 'moved:v1', after)
    const from = way.seen.length
    expect(imageIn(await two.ensure(named('moved:v1'))).id).toBe(digestOf(after.config))
    expect(gets(from, '/blobs/')).toEqual(blobsOf(after).filter((digest) => digest !== digestOf(base.bytes)))
  })

  test('wrong bytes of a node are refused, and got from elsewhere', async () => {
    await using _ = await open()
    const image = imageOf([layerOf([noise()]), layerOf([noise()], 'plain')])
    await push(registry.host, 'wrong:v1', image)
    const bad = await cluster.add('n1')
    imageIn(await bad.ensure(named('wrong:v1')))
    for (const digest of blobsOf(image)) {
      const file = join(bad.root, 'blobs', hexOf(digest as Digest))
      const bytes = await readFile(file)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff
      await writeFile(file, bytes)
    }
    const node = await cluster.add('n2')
    const pulled = imageIn(await node.ensure(named('wrong:v1')))
    expect(pulled.id).toBe(digestOf(image.config))
    expect(node.peers.counts.refused).toBeGreaterThan(0)
    expect(await node.store.shelf.check([], { repair: false })).toMatchObject({ images: 1, damage: [] })
  })

  test('a node that ends in the middle: it goes on with another, or with the registry', async () => {
    await using _ = await open()
    const image = imageOf([layerOf([noise(1_000_000)])])
    await push(registry.host, 'ends:v1', image)
    const breaks: Array<{ close(): void }> = []
    const wayOf = async (port: number): Promise<number> => {
      const cut = await cutAfter(port, 500_000)
      breaks.push(cut)
      return cut.port
    }
    const first = await cluster.add('n1', { way: wayOf })
    imageIn(await first.ensure(named('ends:v1')))
    const from = way.seen.length
    const second = await cluster.add('n2')
    expect(imageIn(await second.ensure(named('ends:v1'))).id).toBe(digestOf(image.config))
    const ranges = way.seen.slice(from).filter(({ path }) => path.endsWith(digestOf(image.layers[0]?.bytes ?? ''))).map(({ headers }) => headers.range)
    expect(ranges).toEqual([expect.stringMatching(/^bytes=[1-9]\d+-$/) as string])
    isGone = true
    for (const one of breaks) one.close()
    const third = await cluster.add('n3')
    expect(imageIn(await third.ensure(named('ends:v1'))).id).toBe(digestOf(image.config))
  })

  test('who was to bring it dies: the others do without', async () => {
    await using _ = await open()
    const image = imageOf([layerOf([noise(1_000_000)])])
    await push(registry.host, 'dies:v1', image)
    const nodes = await Promise.all(['n1', 'n2', 'n3'].map((name) => cluster.add(name)))
    const layer = digestOf(image.layers[0]?.bytes ?? '')
    let begun = (): void => {}
    const begins = new Promise<void>((resolve) => (begun = resolve))
    let letGo = (): void => {}
    const held = new Promise<void>((resolve) => (letGo = resolve))
    way.trouble = (method, path) => {
      if (method !== 'GET' || !path.endsWith(layer)) return undefined
      begun()
      return { kind: 'held', until: held }
    }
    const stops = nodes.map(() => new AbortController())
    const states = nodes.map((node, at) => ({ node, at, done: Promise.allSettled([node.ensure(named('dies:v1'), { signal: stops[at]?.signal ?? never })]) }))
    await begins
    const fetcher = nodes.findIndex(({ peers }) => peers.fetching.includes(layer))
    expect(fetcher).toBeGreaterThanOrEqual(0)
    way.trouble = () => undefined
    stops[fetcher]?.abort(new Error('died'))
    await nodes[fetcher]?.leave()
    for (const { at, done } of states) {
      const [result] = await done
      if (at === fetcher) expect(result).toMatchObject({ status: 'rejected' })
      else expect(result).toMatchObject({ status: 'fulfilled', value: { kind: 'present' } })
    }
    letGo()
  })

  test('many at once from one node: it gives to a few at a time, and each gets it', async () => {
    await using _ = await open()
    const image = imageOf([layerOf([noise(600_000)])])
    await push(registry.host, 'busy:v1', image)
    const first = await cluster.add('n0', { mostUploads: 1 })
    imageIn(await first.ensure(named('busy:v1')))
    isGone = true
    const nodes = await Promise.all(Array.from({ length: 3 }, (_, at) => cluster.add(`m${at}`, { mostUploads: 1 })))
    const results = await Promise.all(nodes.map((node) => node.ensure(named('busy:v1'))))
    expect(results.map((result) => imageIn(result).id)).toEqual(nodes.map(() => digestOf(image.config)))
  })

  test('what somebody imported on one node is had by the others: without a registry, and where it does not know it', async () => {
    await using _ = await open()
    const [one, two, three] = [await cluster.add('n1'), await cluster.add('n2'), await cluster.add('n3', { use: 'content' })]
    const image = imageOf([layerOf([noise()])])
    await push(registry.host, 'source:v1', image)
    imageIn(await one.ensure(named('source:v1')))
    const archive = join(one.root, 'archive.tar')
    await one.store.shelf.tag(named('source:v1'), 'app.example/mine:v1')
    await one.store.shelf.tag(named('source:v1'), named('mine:v1'))
    await writeFile(archive, Buffer.concat(await Array.fromAsync(await one.store.shelf.export(['app.example/mine:v1', named('mine:v1')]))))
    await one.store.importArchive(archive)
    for (const name of ['app.example/mine:v1', named('mine:v1')]) {
      expect(imageIn(await two.ensure(name)).id).toBe(digestOf(image.config))
      expect(await three.ensure(name)).toMatchObject({ kind: 'refused' })
    }
    expect(await two.store.stored()).toMatchObject([{ origin: 'peer', pinned: false }])
    expect(await two.store.ensure('app.example/mine:v1', 'Never', { signal: never })).toMatchObject({ kind: 'present' })
    // And from there on.
    await one.leave()
    const four = await cluster.add('n4', { times: { answerMs: 20_000 } })
    expect(imageIn(await four.ensure('app.example/mine:v1')).id).toBe(digestOf(image.config))
  })

  test('a node that says nothing costs one short wait, not one for each of its bytes', async () => {
    await using _ = await open()
    using silent = await silence()
    const image = imageOf(Array.from({ length: 8 }, () => layerOf([noise(1_000)])))
    await push(registry.host, 'silent:v1', image)
    await cluster.add('n1', { way: async () => silent.port })
    const node = await cluster.add('n2', { times: { answerMs: 1_500 } })
    imageIn(await node.ensure(named('silent:v1')))
    // Each of ten things would be asked for; who did not answer is left alone for a while.
    expect(silent.taken()).toBeLessThan(5)
  })

  test('nodes that share a store have nothing to give each other; a stranger gets nothing', async () => {
    await using _ = await open()
    const one = await cluster.add('n1')
    const two = await cluster.add('n2', { root: one.root })
    const image = imageOf([layerOf([noise()])])
    await push(registry.host, 'same:v1', image)
    imageIn(await one.ensure(named('same:v1')))
    imageIn(await two.ensure(named('same:v1')))
    expect([one.peers.counts, two.peers.counts]).toEqual([one, two].map(() => ({ blobs: { peer: 0, registry: 0 }, bytes: { peer: 0, registry: 0 }, waits: 0, refused: 0 })))
    await using strangers = await openCluster(settings)
    const stranger = await strangers.add('n9')
    await strangers.add('n1', { way: async () => one.peers.port ?? 0, times: { answerMs: 5_000 } })
    isGone = true
    expect(await stranger.ensure(named('same:v1'))).toMatchObject({ kind: 'refused' })
  })
})

describe.skipIf(!hasRegistry)('private images between nodes', () => {
  let registry: TestRegistry
  let way: SpoiltWay
  let isGone = false
  let unused = 0
  beforeAll(async () => {
    registry = await startRegistry({ auth: 'htpasswd' })
    way = await spoiltWay(registry.host)
    unused = await freePort()
  })
  afterAll(async () => {
    await way[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })

  test('are given to who shows the login they were pulled by', async () => {
    const settings = (): object => ({ [way.host]: { server: isGone ? `http://127.0.0.1:${unused}` : `http://${way.host}` } })
    await using cluster = await openCluster(settings)
    const image = imageOf([layerOf([noise()])])
    await push(registry.host, 'team/app:v1', image, [passwordLogin(registry.host)])
    const name = `${way.host}/team/app:v1`
    const [one, two, three, four] = [await cluster.add('n1'), await cluster.add('n2'), await cluster.add('n3'), await cluster.add('n4')]
    imageIn(await one.ensure(name, { logins: [passwordLogin(way.host, { secret: 'mine' })] }))
    const layer = digestOf(image.layers[0]?.bytes ?? '')
    const blobs = (): number => way.seen.filter(({ method, path }) => method === 'GET' && path.endsWith(layer)).length
    expect(blobs()).toBe(1)
    // Another secret with the same words.
    imageIn(await two.ensure(name, { logins: [passwordLogin(way.host, { secret: 'too' })] }))
    expect(blobs()).toBe(1)
    expect(await three.ensure(name)).toMatchObject({ kind: 'refused', message: expect.stringContaining('authorization failed') as string })
    isGone = true
    expect(await three.ensure(name)).toMatchObject({ kind: 'refused' })
    expect(await three.ensure(name, { logins: [passwordLogin(way.host, { secret: 'bad', password: 'guess' })] })).toMatchObject({ kind: 'refused' })
    expect(await three.store.list()).toEqual([])
    imageIn(await four.ensure(name, { logins: [passwordLogin(way.host, { secret: 'mine' })] }))
    // What came so is for nobody else either.
    expect(await four.ensure(name)).toMatchObject({ kind: 'refused' })
    expect(await four.ensure(name, { logins: [passwordLogin(way.host, { secret: 'other' })] })).toMatchObject({ kind: 'present', pulled: false })
  })

  test("that came by a node's own login, or a person's, are for nodes that have it", async () => {
    isGone = false
    const settings = (): object => ({ [way.host]: { server: isGone ? `http://127.0.0.1:${unused}` : `http://${way.host}` } })
    await using cluster = await openCluster(settings)
    const own = passwordLogin(way.host)
    await push(registry.host, 'node/app:v1', imageOf([layerOf([noise()])]), [passwordLogin(registry.host)])
    await push(registry.host, 'person/app:v1', imageOf([layerOf([noise()])]), [passwordLogin(registry.host)])
    const [ofNode, ofPerson] = [`${way.host}/node/app:v1`, `${way.host}/person/app:v1`]
    const [one, two, three, four] = [await cluster.add('n1', { own: [own] }), await cluster.add('n2'), await cluster.add('n3', { own: [own] }), await cluster.add('n4')]
    imageIn(await one.ensure(ofNode))
    imageIn(await four.ensure(ofPerson, { logins: [{ ...own, isPersonal: true }] }))
    isGone = true
    // The node's own are for all its pods, a person's for none.
    expect(await one.ensure(ofNode)).toMatchObject({ kind: 'present', pulled: false })
    expect(await four.ensure(ofPerson)).toMatchObject({ kind: 'refused' })
    expect(await four.ensure(ofPerson, { logins: [passwordLogin(way.host, { secret: 'same' })] })).toMatchObject({ kind: 'present', pulled: false })
    for (const name of [ofNode, ofPerson]) {
      expect(await two.ensure(name)).toMatchObject({ kind: 'refused' })
      imageIn(await three.ensure(name))
      expect(await three.ensure(name)).toMatchObject({ kind: 'present', pulled: false })
    }
    expect(await two.store.list()).toEqual([])
    imageIn(await two.ensure(ofNode, { logins: [passwordLogin(way.host, { secret: 'same' })] }))
    expect(await two.ensure(ofNode)).toMatchObject({ kind: 'refused' })
  })
})
