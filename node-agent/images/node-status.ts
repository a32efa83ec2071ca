import type { Image } from './port.ts'

/** kubelet's `nodeStatusMaxImages` and `MaxNamesPerImageInNodeStatus`: a Node object must stay small. */
const MAX_IMAGES = 50
const MAX_NAMES = 5

/** What the Node's status says of images: the largest, digests before tags. Pure. */
export const imagesInStatus = (images: readonly Image[]): ReadonlyArray<{ readonly names: readonly string[]; readonly sizeBytes: number }> =>
  images
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MAX_IMAGES)
    .map(({ digests, tags, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, MAX_NAMES), sizeBytes }))
