import { Fault } from '../../shared/kit/faults.ts'
import { isJsonObject } from '../../shared/model/json.ts'
import { type Archive, parseJson, readDocument, readJson } from './archive.ts'
import { checkDigest, type Digest, digestOf } from './digest.ts'
import { type ImageSource, pairLayers, parseConfig, string, strings } from './image-source.ts'

/** What `docker save` writes: `manifest.json` names configs and layer files. There are no digests of the layer files, only diff ids. */
export async function readDockerArchive(archive: Archive): Promise<readonly ImageSource[]> {
  const list = await readJson(archive, 'manifest.json')
  if (!Array.isArray(list) || list.length === 0) throw new Fault('invalid', 'manifest.json of the image archive names no image')
  const sources: ImageSource[] = []
  for (const item of list as readonly unknown[]) sources.push(await readItem(archive, item))
  return sources
}

/** Names by config digest: newer `docker save` writes an OCI layout with `manifest.json` beside it, and only the latter has full names. */
export async function dockerNames(archive: Archive): Promise<ReadonlyMap<Digest, readonly string[]>> {
  if (!(await archive.has('manifest.json'))) return new Map()
  return new Map((await readDockerArchive(archive)).map((source) => [source.configDigest, source.names]))
}

async function readItem(archive: Archive, item: unknown): Promise<ImageSource> {
  if (!isJsonObject(item)) throw new Fault('invalid', 'manifest.json of the image archive holds something that is no image')
  const configName = string(item['Config'])
  const bytes = await readDocument(archive, configName)
  const configDigest = digestOf(bytes)
  const named = /(?:^|\/)([a-f0-9]{64})(?:\.json)?$/.exec(configName)?.[1]
  if (named !== undefined) checkDigest(configDigest, `sha256:${named}` as Digest, `the image config ${configName}`)
  const config = parseConfig(parseJson(bytes, configName), configName)
  const layers = pairLayers(
    strings(item['Layers']).map((name) => ({ name })),
    config,
    'manifest.json',
  )
  let sizeBytes = bytes.length
  for (const layer of layers) sizeBytes += await archive.sizeBytes(layer.name)
  return { names: strings(item['RepoTags']), configDigest, configBytes: bytes, config, layers, sizeBytes }
}
