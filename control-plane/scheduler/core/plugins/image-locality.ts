import { MAX_SCORE, type ScorePlugin } from '../framework.ts'

const MEGABYTE = 1024 * 1024
/** Below and above these sizes (per container) presence counts nothing more or less. */
const LOW_BYTES = 23 * MEGABYTE
const HIGH_BYTES = 1000 * MEGABYTE

const fullName = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`)

/** The more bytes of the pod's images are there already, weighed by how many nodes have them, the better. */
export const imageLocality: ScorePlugin = {
  name: 'ImageLocality',
  weight: 1,
  local: false,
  scorer({ pod }, snapshot) {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
    const images = containers.map(({ image }) => fullName(image ?? ''))
    const shares = new Map<string, number>()
    let present = 0
    for (const image of images) {
      const known = snapshot.images.get(image)
      if (!known) continue
      shares.set(image, known.nodes / snapshot.nodes.length)
      present += known.bytes
    }
    if (present <= LOW_BYTES) return undefined
    const highest = HIGH_BYTES * containers.length
    return {
      score(node) {
        const sum = images.reduce((bytes, image) => bytes + Math.floor((node.images.get(image) ?? 0) * (shares.get(image) ?? 0)), 0)
        return Math.floor((MAX_SCORE * (Math.min(Math.max(sum, LOW_BYTES), highest) - LOW_BYTES)) / (highest - LOW_BYTES))
      },
    }
  },
}
