import { expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { CheckpointFile, parseCheckpoint, readCheckpoints } from './checkpoint.ts'
import { fakePodFiles } from './fake-files.ts'
import type { PodParts } from './parts.ts'
import { newRecord, type PodRecord } from './record.ts'

const pod: Pod = { metadata: { name: 'web', namespace: 'default', uid: 'u1' }, spec: { containers: [{ name: 'c', image: 'busybox' }] } }
const record = (firstSeenMs: number): PodRecord => newRecord(firstSeenMs)
const PATH = '/state/u1.json'

function kept() {
  const files = fakePodFiles()
  const written: string[] = []
  const noted = {
    ...files,
    write: (path: string, text: string) => (written.push('write'), files.write(path, text)),
    append: (path: string, text: string) => (written.push('append'), files.append(path, text)),
  }
  const parts = { files: noted, log: silentLog, config: { checkpointFolder: '/state' } } as unknown as PodParts
  const file = new CheckpointFile(parts, 'u1')
  return { files, noted, written, parts, file, text: () => files.contents.get(PATH) ?? '', save: (one: PodRecord, of = pod) => (file.save({ pod: of, record: one }), file.settled()) }
}

test('what changes is added, and the newest is read', async () => {
  const { save, written, text, parts } = kept()
  const relabelled = { ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } }
  await save(record(1))
  await save(record(2))
  await save(record(2), relabelled)
  expect(written).toEqual(['write', 'append', 'append'])
  expect(text().split('\n').map((line) => line.includes('busybox'))).toEqual([true, false, true, false])
  expect(await readCheckpoints(parts)).toEqual([{ pod: relabelled, record: record(2) }])
})

test('a line that was cut is none', async () => {
  const { save, text } = kept()
  for (const ms of [1, 2, 3]) await save(record(ms))
  for (let cut = 1; cut < 10; cut++) expect(parseCheckpoint(text().slice(0, -cut - 1))?.record).toEqual(record(2))
  expect(() => parseCheckpoint(text().slice(0, 20))).toThrow('JSON')
  expect(parseCheckpoint('{"version":2}\n')).toBeUndefined()
})

test('a file does not grow for ever', async () => {
  const { save, written, text } = kept()
  for (let ms = 0; ms < 2_000; ms++) await save(record(ms))
  expect(text().length).toBeLessThanOrEqual(64 << 10)
  expect(written.filter((verb) => verb === 'write').length).toBeGreaterThan(1)
  expect(parseCheckpoint(text())?.record).toEqual(record(1_999))
})

test('after a line that could not be added whole the file is written anew', async () => {
  const { save, noted, text, files } = kept()
  await save(record(1))
  const { append } = noted
  noted.append = async (path, line) => {
    await append(path, line.slice(0, 7))
    throw new Error('no space left')
  }
  await save(record(2))
  expect(parseCheckpoint(text())?.record).toEqual(record(2))
  noted.append = append
  await save(record(3))
  expect(parseCheckpoint(text())?.record).toEqual(record(3))
  files.contents.clear()
})
