import type { Metrics } from '../../../shared/kit/metrics.ts'
import { isDiskImages } from '../../images/api.ts'
import type { ImageStore } from '../../images/port.ts'

/** Where the images of this node came from, for Prometheus. */
export function countSources(metrics: Metrics, images: ImageStore): void {
  if (!isDiskImages(images)) return
  const { blobs, bytes, waits, refused } = images.sources()
  const blobCount = metrics.counter({ name: 'gantry_image_pull_blobs_total', help: 'Parts of images that were pulled, by where they came from, while there were other nodes.', labels: ['source'] })
  const byteCount = metrics.counter({ name: 'gantry_image_pull_bytes_total', help: 'Bytes of images that were pulled, by where they came from, while there were other nodes.', labels: ['source'] })
  for (const source of ['peer', 'registry'] as const) {
    blobCount.add([source], blobs[source])
    byteCount.add([source], bytes[source])
  }
  metrics.counter({ name: 'gantry_image_peer_waits_total', help: 'How often this node waited for what another one was fetching.' }).add([], waits)
  metrics.counter({ name: 'gantry_image_peer_refused_total', help: 'How often bytes of another node were not what they should be.' }).add([], refused)
}
