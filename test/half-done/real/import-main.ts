/** Imports an image archive and says what the store holds; killed where the test that forked it says. */
import { configureCrashes, watchFor, type CrashPoint } from './crash-points.ts'
import { createImageStore } from '../../../node-agent/images/images.ts'
import { silentLog } from '../../../shared/kit/log.ts'

export interface ImportOrder {
  readonly root: string
  /** None: only looks. */
  readonly archive?: string
  readonly death?: CrashPoint | undefined
}

export interface ImportAnswer {
  readonly points: readonly string[]
  readonly images: ReadonlyArray<{ readonly id: string; readonly tags: readonly string[]; readonly layers: readonly string[] }>
}

process.once('message', ({ root, archive, death }: ImportOrder) => {
  const points: string[] = []
  configureCrashes({ root, onPoint: (label) => void points.push(label) })
  watchFor(death)
  void (async () => {
    const store = await createImageStore({ root, log: silentLog })
    if (archive !== undefined) await store.importArchive(archive)
    const images = (await store.list()).map(({ id, tags, layers }) => ({ id, tags, layers }))
    process.send?.({ points, images } satisfies ImportAnswer, () => process.exit())
  })()
})
