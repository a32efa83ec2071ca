import { describe, expect, it } from 'vitest'
import type { ImageStore } from './port.ts'

export interface ImageStoreHarness extends AsyncDisposable {
  readonly store: ImageStore
  /** An archive holding one image under these names; the same `content` means the same image. */
  archive(names: readonly string[], content: string): Promise<string>
}

const options = { signal: new AbortController().signal }

/** What every image store promises. */
export function imageStoreContract(name: string, open: () => Promise<ImageStoreHarness>): void {
  describe(`image store: ${name}`, () => {
    it('has what was imported, by short name, full name and id', async () => {
      await using harness = await open()
      const [image] = await harness.store.importArchive(await harness.archive(['busybox:1'], 'a'))
      expect(image?.tags).toEqual(['docker.io/library/busybox:1'])
      for (const key of ['busybox:1', 'docker.io/library/busybox:1', 'docker.io/busybox:1', image?.id ?? '']) expect((await harness.store.find(key))?.id, key).toBe(image?.id)
      expect((await harness.store.list()).map(({ id }) => id)).toEqual([image?.id])
    })

    it('moves a tag to the image imported last', async () => {
      await using harness = await open()
      const [first] = await harness.store.importArchive(await harness.archive(['app:1'], 'old'))
      const [second] = await harness.store.importArchive(await harness.archive(['app:1'], 'new'))
      expect(second?.id).not.toBe(first?.id)
      expect((await harness.store.find('app:1'))?.id).toBe(second?.id)
      expect((await harness.store.find(first?.id ?? ''))?.tags).toEqual([])
    })

    it('imports twice as if once', async () => {
      await using harness = await open()
      const file = await harness.archive(['app:1'], 'a')
      const first = await harness.store.importArchive(file)
      expect(await harness.store.importArchive(file)).toEqual(first)
      expect(await harness.store.list()).toEqual(first)
    })

    it('answers by the pull policy', async () => {
      await using harness = await open()
      await harness.store.importArchive(await harness.archive(['app:1'], 'a'))
      for (const policy of ['IfNotPresent', 'Never'] as const) expect(await harness.store.ensure('app:1', policy, options)).toMatchObject({ kind: 'present', pulled: false })
      expect(await harness.store.ensure('app:1', 'Always', options)).toMatchObject({ kind: 'refused', reason: 'ErrImagePull' })
      expect(await harness.store.ensure('app:2', 'IfNotPresent', options)).toMatchObject({ kind: 'refused', reason: 'ErrImagePull', message: expect.stringContaining('docker.io/library/app:2: not found') as string })
      expect(await harness.store.ensure('app:2', 'Never', options)).toEqual({ kind: 'refused', reason: 'ErrImageNeverPull', message: 'Container image "app:2" is not present with pull policy of Never' })
      expect(await harness.store.ensure('App:2', 'Never', options)).toMatchObject({ kind: 'refused', reason: 'InvalidImageName' })
    })

    it('tells whoever listens that there is something new', async () => {
      await using harness = await open()
      const file = await harness.archive(['app:1'], 'a')
      let unsubscribe = (): void => {}
      const told = new Promise<void>((resolve) => void (unsubscribe = harness.store.onChange(resolve)))
      await harness.store.importArchive(file)
      await told
      unsubscribe()
    })

    it('removes a name, and the image with its last name', async () => {
      await using harness = await open()
      const [image] = await harness.store.importArchive(await harness.archive(['app:1', 'app:2'], 'a'))
      expect(await harness.store.remove('app:1')).toBe(true)
      expect((await harness.store.find(image?.id ?? ''))?.tags).toEqual(['docker.io/library/app:2'])
      expect(await harness.store.remove('app:2')).toBe(true)
      expect(await harness.store.list()).toEqual([])
      expect(await harness.store.remove('app:2')).toBe(false)
    })
  })
}
