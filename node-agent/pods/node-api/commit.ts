/** `POST /gantry/v1/images/commit`: what a running container changed, as an image of its own. */
import { Fault } from '../../../shared/kit/faults.ts'
import type { Container } from '../../../shared/model/gen/api.ts'
import type { ImageCommitted } from '../../../shared/model/image-api.ts'
import { systemSpecialFiles } from '../../host/files-special.ts'
import type { DiskImages } from '../../images/disk-images.ts'
import { packChanges } from '../../images/pack-changes.ts'
import { containerRecord } from '../record.ts'
import { containerFor, runningId, type StreamDoor } from '../streams/place.ts'

/** Throws Fault('not-found') where no such container runs here, and what the store throws. */
export async function commitContainer({ parts, allPods }: StreamDoor, images: DiskImages, query: URLSearchParams): Promise<ImageCommitted> {
  const [namespace, name, asked] = [query.get('namespace') ?? 'default', query.get('pod') ?? '', query.get('container') ?? '']
  const worker = allPods().find(({ pod: { metadata } }) => metadata.name === name && (metadata.namespace ?? 'default') === namespace)
  if (worker === undefined) throw new Fault('not-found', `pod ${namespace}/${name} is not on node ${parts.config.nodeName}: no image can be made of it`)
  const container = containerFor(worker, asked)
  const id = container && runningId(worker, container.spec.name)
  if (container === undefined || id === undefined) throw new Fault('not-found', `no container ${asked === '' ? '' : `${asked} `}of pod ${namespace}/${name} runs: only of one that runs an image can be made`)
  const { spec } = container
  const tar = packChanges(await parts.snapshots.changes(id), { special: systemSpecialFiles(), mountPoints: mountPointsOf(spec) })
  const base = containerRecord(worker.record, spec.name).image?.configId ?? ''
  const image = await images.derive(base, { tar, name: query.get('name') ?? '', createdBy: `gantry commit ${namespace}/${name} ${spec.name}`, comment: '' })
  return { id: image.id, tags: image.tags, base, container: spec.name }
}

/** Files and folders that are there in every container, and its own volumes. */
const mountPointsOf = (spec: Container): readonly string[] => ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', spec.terminationMessagePath || '/dev/termination-log', ...(spec.volumeMounts ?? []).map(({ mountPath }) => mountPath)]
