import { fakeImageStore } from '../../node-agent/images/fake.ts'
import type { EnsureResult, ImageStore } from '../../node-agent/images/port.ts'

/** The images every node of a world has. */
export const IMAGES = ['docker.io/library/busybox:1.35', 'docker.io/library/busybox:1.36', 'docker.io/library/busybox:1.37']

/** A store that can be told to find nothing. */
export function seededImages(): ImageStore & { isBroken: boolean } {
  const store = fakeImageStore()
  for (const tag of IMAGES) store.put({ tags: [tag] })
  return {
    isBroken: false,
    find: (reference) => store.find(reference),
    list: () => store.list(),
    importArchive: (file) => store.importArchive(file),
    remove: (reference) => store.remove(reference),
    onChange: (listener) => store.onChange(listener),
    async ensure(reference, policy, options): Promise<EnsureResult> {
      if (this.isBroken) return { kind: 'refused', reason: 'ErrImagePull', message: `failed to pull "${reference}": the registry does not answer` }
      return store.ensure(reference, policy, options)
    },
  }
}
