import { describe, expect, it, test } from 'vitest'
import { imageStoreContract } from './contract.ts'
import { fakeImageStore } from './fake.ts'
import { imagesInStatus } from './node-status.ts'
import type { Image } from './port.ts'
import { parseReference } from './reference.ts'
import { entryOf, readHeader } from './tar-header.ts'
import { readTar } from './tar-reader.ts'
import { writeTar } from './tar-writer.ts'
import { lookUpUser, parseGroup, parsePasswd } from './users.ts'

imageStoreContract('fake', async () => {
  const store = fakeImageStore()
  const idOf = (content: string): string => `sha256:${Buffer.from(content).toString('hex').padEnd(64, '0')}`
  return {
    store,
    async archive(names, content) {
      const file = `/archives/${names.join()}-${content}`
      const full = names.map((name) => {
        const parsed = parseReference(name)
        return parsed.kind === 'ok' ? parsed.reference.full : name
      })
      store.archive(file, [{ id: idOf(content), tags: full }])
      return file
    },
    async [Symbol.asyncDispose]() {},
  }
})

describe('parseReference', () => {
  const hex = 'a'.repeat(64)
  it.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.35', 'docker.io/library/busybox:1.35'],
    ['me/app', 'docker.io/me/app:latest'],
    ['index.docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['ghcr.io/a/b__c/d-e:T.1', 'ghcr.io/a/b__c/d-e:T.1'],
    [`app:1@sha256:${hex}`, `docker.io/library/app@sha256:${hex}`],
    [`[::1]:5000/app`, '[::1]:5000/app:latest'],
  ])('%s means %s', (given, full) => {
    expect(parseReference(given)).toMatchObject({ kind: 'ok', reference: { full } })
  })

  it.each([
    ['Not/VALID::x', 'invalid reference format: repository name (VALID) must be lowercase'],
    ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
    ['a::b', 'invalid reference format'],
    ['', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['app@sha256:abc', 'invalid reference format'],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    [`${'a/'.repeat(150)}b`, 'repository name must not be more than 255 characters'],
  ])('%s is refused', (given, message) => {
    expect(parseReference(given)).toEqual({ kind: 'invalid', message })
  })
})

describe('tar', () => {
  const read = async (bytes: Buffer, step = bytes.length): Promise<ReadonlyArray<readonly [string, string]>> => {
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
    }
    const found: Array<readonly [string, string]> = []
    for await (const { entry, body } of readTar(chunks())) {
      const parts: Buffer[] = []
      for await (const part of body()) parts.push(part)
      found.push([entry.name, Buffer.concat(parts).toString()])
    }
    return found
  }
  const archive = writeTar([
    { name: 'a', content: 'one' },
    { name: 'd/', kind: 'folder' },
    { name: 'b', content: 'x'.repeat(1000) },
  ])

  it.each([1, 7, 512, 100_000])('is read the same in chunks of %i bytes', async (step) => {
    expect(await read(archive, step)).toEqual([
      ['a', 'one'],
      ['d/', ''],
      ['b', 'x'.repeat(1000)],
    ])
  })

  it('that is cut off or changed is corrupt', async () => {
    await expect(read(archive.subarray(0, 1900))).rejects.toMatchObject({ code: 'corrupt' })
    const changed = Buffer.from(archive)
    changed[3] = 66
    await expect(read(changed)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('reads sizes in base 256 and names split by prefix', () => {
    const block = Buffer.from(writeTar([{ name: 'f', content: '' }]).subarray(0, 512))
    block.fill(0, 124, 136)
    block.writeUInt8(0x80, 124)
    block.writeUInt32BE(7, 132)
    block.write('long/way', 345)
    block.fill(32, 148, 156)
    block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
    expect(entryOf(readHeader(block), new Map())).toMatchObject({ name: 'long/way/f', sizeBytes: 7 })
  })
})

describe('lookUpUser', () => {
  const passwd = parsePasswd('root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/var/www:/bin/false\nbroken\n')
  const groups = parseGroup('root:x:0:\nwheel:x:10:root,web\nusers:x:100:\n')
  it.each([
    ['', { uid: 0, gid: 0, supplementaryGids: [10], home: '/root', username: 'root' }],
    ['web', { uid: 33, gid: 34, supplementaryGids: [10], home: '/var/www', username: 'web' }],
    ['33', { uid: 33, gid: 34, supplementaryGids: [10], home: '/var/www', username: 'web' }],
    ['33:users', { uid: 33, gid: 100, supplementaryGids: [10], home: '/var/www', username: 'web' }],
    ['4321', { uid: 4321, gid: 0, supplementaryGids: [], home: '/', username: '' }],
    ['4321:77', { uid: 4321, gid: 77, supplementaryGids: [], home: '/', username: '' }],
  ])('%j', (user, expected) => {
    expect(lookUpUser(user, passwd, groups)).toEqual({ kind: 'found', ...expected })
  })
  it('says which name is unknown', () => {
    expect(lookUpUser('nobody', passwd, groups)).toEqual({ kind: 'unknown', message: 'unable to find user nobody: no matching entries in passwd file' })
    expect(lookUpUser('web:nope', passwd, groups)).toEqual({ kind: 'unknown', message: 'unable to find group nope: no matching entries in group file' })
  })
})

test('a Node tells of its 50 largest images, with five names each', () => {
  const image = (at: number): Image => ({ id: String(at), tags: ['t1', 't2', 't3'], digests: ['d1', 'd2', 'd3'], sizeBytes: at, config: { env: [], entrypoint: [], cmd: [], workingDir: '', user: '', stopSignal: '', labels: {}, volumes: [] }, layers: [] })
  const told = imagesInStatus(Array.from({ length: 60 }, (_, at) => image(at)))
  expect(told.map(({ sizeBytes }) => sizeBytes)).toEqual(Array.from({ length: 50 }, (_, at) => 59 - at))
  expect(told[0]?.names).toEqual(['d1', 'd2', 'd3', 't1', 't2'])
})
