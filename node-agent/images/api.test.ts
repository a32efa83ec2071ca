import { expect, test } from 'vitest'
import { answerImages, type ImageRequest } from './api.ts'
import type { DiskImages } from './disk-images.ts'

/** Of the store only what is asked for. */
function storeOf(parts: object): DiskImages {
  return parts as unknown as DiskImages
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

const ask = (method: string, path: string, more: Partial<ImageRequest> = {}): ImageRequest => ({ method, path, query: new URLSearchParams(), body: nothing(), ...more })

test('to carry images away takes more than the right to look', async () => {
  const images = storeOf({ shelf: { export: async () => nothing() } })
  expect((await answerImages(images, ask('GET', '/export'))).status).toBe(404)
  expect(await answerImages(images, ask('POST', '/export'))).toMatchObject({ status: 200, type: 'application/x-tar' })
})

test('prune leaves the images that pods will use again', async () => {
  const gone: string[] = []
  const there = ['runs', 'waits', 'free']
  const images = storeOf({
    stored: async () => there.map((id) => ({ id, isUsed: id === 'runs' })),
    list: async () => there.map((id) => ({ id, tags: [] })),
    forgetBuilds: async () => 0,
    discardAll: async (ids: readonly string[]) => gone.push(...ids),
  })
  expect((await answerImages(images, ask('POST', '/prune', { noted: new Set(['waits']) }))).status).toBe(200)
  expect(gone).toEqual(['free'])
})
