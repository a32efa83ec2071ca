import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newRecord } from '../pods/record.ts'
import { volumeUses } from './volume-use.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-volume-use-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('files of the pod are counted, of a claim its file system tells; of folders of the host and of what is not there nothing', async () => {
  const paths = Object.fromEntries(['empty', 'token', 'claim', 'own', 'host'].map((name) => [name, join(folder, name)]))
  await Promise.all(Object.values(paths).map((path) => mkdir(path)))
  await writeFile(join(folder, 'token/file'), Buffer.alloc(64 * 1024, 1))
  const volumes = [{ name: 'empty', emptyDir: {} }, { name: 'token', projected: {} }, { name: 'claim', persistentVolumeClaim: { claimName: 'mine' } }, { name: 'own', ephemeral: {} }, { name: 'host', hostPath: { path: '/' } }, { name: 'gone', configMap: { name: 'c' } }]
  const pod = { metadata: { namespace: 'ns', name: 'p', uid: 'u' }, spec: { containers: [], volumes } }
  const record = { ...newRecord(0), volumes: { kind: 'ready' as const, paths: { ...paths, gone: join(folder, 'gone') } } }
  const [empty, token, claim, own, ...others] = await volumeUses({ pod, record })
  expect(others).toEqual([])
  expect(empty).toMatchObject({ name: 'empty', inodes: 1 })
  expect(token).toMatchObject({ name: 'token', inodes: 2 })
  expect(token?.bytes).toBeGreaterThanOrEqual(64 * 1024)
  expect([claim?.claim, own?.claim]).toEqual(['mine', 'p-own'])
  expect(claim?.bytes).toBe((claim?.room.bytes.capacity ?? 0) - (claim?.room.bytes.available ?? 0))
  expect(await volumeUses({ pod, record: newRecord(0) })).toEqual([])
})
