import { expect, test } from 'vitest'
import { createMetrics } from '../../../shared/kit/metrics.ts'
import type { DiskImages } from '../../images/disk-images.ts'
import { countSources } from './image-metrics.ts'

test('where images came from is counted for Prometheus', async () => {
  const metrics = createMetrics()
  const images: Pick<DiskImages, 'sources'> & { readonly shelf: undefined } = { shelf: undefined, sources: () => ({ blobs: { peer: 3, registry: 1 }, bytes: { peer: 300, registry: 7 }, waits: 2, refused: 1 }) }
  countSources(metrics, images as unknown as DiskImages)
  const { text } = await metrics.render()
  for (const line of ['gantry_image_pull_blobs_total{source="peer"} 3', 'gantry_image_pull_bytes_total{source="registry"} 7', 'gantry_image_peer_waits_total 2', 'gantry_image_peer_refused_total 1']) expect(text).toContain(line)
})
