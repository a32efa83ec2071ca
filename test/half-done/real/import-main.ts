/** Imports an image archive, or removes an image, and says what the store holds; killed where the test that forked it says. */
import { configureCrashes, watchFor, type CrashPoint } from './crash-points.ts'
import { existsSync, readdirSync } from 'node:fs'
import { createImageStore } from '../../../node-agent/images/images.ts'
import { silentLog } from '../../../shared/kit/log.ts'

export interface ImportOrder {
  readonly root: string
  /** None: only looks. */
  readonly archive?: string
  /** The name of an image that is to go. */
  readonly remove?: string
  readonly death?: CrashPoint | undefined
}

type Listed = ReadonlyArray<{ readonly id: string; readonly tags: readonly string[]; readonly layers: readonly string[]; /** Files of each layer. */ readonly files: readonly number[] }>

export interface ImportAnswer {
  readonly points: readonly string[]
  /** Before anything was done. */
  readonly found: Listed
  readonly images: Listed
}

process.once('message', ({ root, archive, remove, death }: ImportOrder) => {
  const points: string[] = []
  configureCrashes({ root, onPoint: (label) => void points.push(label) })
  watchFor(death)
  void (async () => {
    const store = await createImageStore({ root, log: silentLog })
    const list = async (): Promise<Listed> => (await store.list()).map(({ id, tags, layers }) => ({ id, tags, layers, files: layers.map((layer) => (existsSync(layer) ? readdirSync(layer, { recursive: true }).length : 0)) }))
    const found = await list()
    if (archive !== undefined) await store.importArchive(archive)
    if (remove !== undefined) await store.remove(remove)
    process.send?.({ points, found, images: await list() } satisfies ImportAnswer, () => process.exit())
  })()
})
