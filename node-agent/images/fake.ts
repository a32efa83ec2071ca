import type { EnsureResult, Image, ImageConfig, ImageStore } from './port.ts'
import { decidePull, invalidName, lookupOf, pullFailed } from './pull-policy.ts'
import { Fault } from '../../shared/kit/faults.ts'

export interface FakeImageStore extends ImageStore {
  /** Makes an image present under its tags; the answer is what `find` gives. */
  put(image: Partial<Image> & Pick<Image, 'tags'>): Image
  /** A registry has it from now on. */
  publish(image: Partial<Image> & Pick<Image, 'tags'>): void
  /** What `importArchive` of this file answers; unknown files are Fault('not-found'). */
  archive(file: string, images: ReadonlyArray<Partial<Image> & Pick<Image, 'tags'>>): void
}

const NO_CONFIG: ImageConfig = { env: [], entrypoint: [], cmd: ['sh'], workingDir: '', user: '', stopSignal: '', labels: {}, volumes: [] }

/** Images in memory, for simulation. */
export function fakeImageStore(): FakeImageStore {
  const images = new Map<string, Image>()
  const listeners = new Set<() => void>()
  const remotes = new Map<string, Partial<Image> & Pick<Image, 'tags'>>()
  const archives = new Map<string, ReadonlyArray<Partial<Image> & Pick<Image, 'tags'>>>()
  const put = (given: Partial<Image> & Pick<Image, 'tags'>): Image => {
    const id = given.id ?? `sha256:${(images.size + 1).toString(16).padStart(64, '0')}`
    const tags = [...new Set([...(images.get(id)?.tags ?? []), ...given.tags])]
    for (const other of images.values()) if (other.id !== id) images.set(other.id, { ...other, tags: other.tags.filter((tag) => !tags.includes(tag)) })
    const image: Image = { digests: [], sizeBytes: 1, config: NO_CONFIG, layers: [`/fake/layers/${id.slice(7, 19)}`], ...given, id, tags }
    images.set(id, image)
    for (const listener of listeners) listener()
    return image
  }
  const find = async (reference: string): Promise<Image | undefined> => {
    const lookup = lookupOf(reference)
    if (lookup.kind === 'invalid') return undefined
    if (lookup.kind === 'id') return images.get(`sha256:${lookup.hex}`)
    return [...images.values()].find((image) => image.tags.includes(lookup.reference.full) || image.digests.includes(lookup.reference.full))
  }
  return {
    put,
    publish: (image) => image.tags.forEach((tag) => void remotes.set(tag, image)),
    archive: (file, contents) => void archives.set(file, contents),
    find,
    list: async () => [...images.values()],
    async ensure(given, policy, { onPulling }): Promise<EnsureResult> {
      const lookup = lookupOf(given)
      if (lookup.kind === 'invalid') return invalidName(given, lookup.message)
      const image = await find(given)
      const decision = decidePull(given, lookup.kind === 'id' && policy === 'Always' ? 'IfNotPresent' : policy, image === undefined ? 'absent' : 'usable')
      if (decision.kind === 'refuse') return decision.result
      if (decision.kind === 'use' && image !== undefined) return { kind: 'present', image, pulled: false }
      onPulling?.()
      const remote = lookup.kind === 'name' ? remotes.get(lookup.reference.full) : undefined
      if (remote !== undefined) return { kind: 'present', image: put(remote), pulled: { pullMs: 1200, totalMs: 1300 } }
      return pullFailed(lookup.kind === 'name' ? lookup.reference : { repository: given, full: given }, image)
    },
    async importArchive(file) {
      const contents = archives.get(file)
      if (contents === undefined) throw new Fault('not-found', `cannot read the image archive ${file}`)
      return contents.map(put)
    },
    async remove(reference) {
      const image = await find(reference)
      if (image === undefined) return false
      const lookup = lookupOf(reference)
      const tags = lookup.kind === 'name' ? image.tags.filter((tag) => tag !== lookup.reference.full) : []
      if (tags.length === 0) images.delete(image.id)
      else images.set(image.id, { ...image, tags })
      for (const listener of listeners) listener()
      return true
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
