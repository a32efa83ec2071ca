import { expect, test } from 'vitest'
import { newRecord, withContainer, type PodRecord } from '../pods/record.ts'
import { notedImages } from '../pods/noted-images.ts'
import { collectable, discardUnused } from './collectable-images.ts'

const waits = (configId: string): PodRecord => withContainer(newRecord(0), 'c', { image: { reference: 'a', name: 'a', id: 'a', configId, stopSignal: '' } })
const ended = (configId: string): PodRecord => ({ ...waits(configId), stop: { why: 'finished', sinceMs: 0, graceMs: 0 } })

test('under pressure all images go but those that are used, that pods will use again, and that were brought by hand', async () => {
  const about = { origin: 'pulled', addedMs: 0, pinned: false, isUsed: false } as const
  const there = [{ ...about, id: 'runs', isUsed: true }, { ...about, id: 'waits' }, { ...about, id: 'ended' }, { ...about, id: 'hand', pinned: true }, { ...about, id: 'nobody' }, { ...about, id: 'shared step', freesBytes: 0 }, { ...about, id: 'step', freesBytes: 1 }]
  let calls = 0
  const gone: string[] = []
  const pods = [{ record: waits('waits') }, { record: ended('ended') }, { record: newRecord(0) }]
  const images = collectable({ stored: async () => there, discardAll: async (ids) => (calls++, gone.push(...ids)) }, () => notedImages(pods))
  await discardUnused(images)
  expect(gone).toEqual(['ended', 'nobody', 'step'])
  expect(calls).toBe(1)
  await images.discardAll(['waits'])
  expect(gone).not.toContain('waits')
})
