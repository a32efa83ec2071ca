import { Fault } from '../../shared/kit/faults.ts'
import { isJsonObject, type JsonObject } from '../../shared/model/json.ts'
import { type Archive, parseJson, readDocument, readJson } from './archive.ts'
import { checkDigest, type Digest, digestOf, hexOf, parseDigest } from './digest.ts'
import { dockerNames } from './docker-archive.ts'
import { type ImageSource, imageArchitecture, pairLayers, parseConfig, string } from './image-source.ts'

/** The OCI image layout: `index.json` → (index →) manifest → config and layers, everything named by digest under `blobs/`. */
export async function readOciLayout(archive: Archive, nodeArch: string): Promise<readonly ImageSource[]> {
  const names = await dockerNames(archive)
  const sources: ImageSource[] = []
  for (const descriptor of descriptorsOf(await readJson(archive, 'index.json'), 'index.json')) {
    const source = await readDescriptor(archive, descriptor, { nodeArch, depth: 0 })
    if (source !== undefined) sources.push({ ...source, names: [...new Set([...namesOf(descriptor), ...(names.get(source.configDigest) ?? [])])] })
  }
  if (sources.length === 0) throw new Fault('invalid', `the image archive holds no image for linux/${imageArchitecture(nodeArch)}`)
  return merge(sources)
}

/** How deep an index may lie in an index. */
const MAX_DEPTH = 4

type Nameless = Omit<ImageSource, 'names'>

interface Search {
  readonly nodeArch: string
  readonly depth: number
}

/** The image a descriptor leads to, by way of indexes; undefined where none fits this processor. */
async function readDescriptor(archive: Archive, descriptor: JsonObject, { nodeArch, depth }: Search): Promise<Nameless | undefined> {
  if (depth > MAX_DEPTH) throw new Fault('invalid', 'the indexes of the image archive are nested too deeply')
  if (depth > 0 && !fits(descriptor, nodeArch)) return undefined
  const digest = parseDigest(descriptor['digest'], 'a descriptor of the image archive')
  if (!(await archive.has(blobPath(digest)))) {
    // An archive of one platform keeps the index of all of them: the others' manifests are not in it.
    if (depth > 0) return undefined
    throw new Fault('invalid', `the image archive is incomplete: it has no ${blobPath(digest)}`)
  }
  const { bytes, document } = await readBlob(archive, digest)
  if (!Array.isArray(document['manifests'])) return await readManifest(archive, { bytes, document, digest })
  for (const child of descriptorsOf(document, digest)) {
    const found = await readDescriptor(archive, child, { nodeArch, depth: depth + 1 })
    if (found !== undefined) return { ...found, manifestDigest: digest }
  }
  return undefined
}

function fits(descriptor: JsonObject, nodeArch: string): boolean {
  const platform = descriptor['platform']
  if (!isJsonObject(platform)) return true
  return string(platform['os']) === 'linux' && string(platform['architecture']) === imageArchitecture(nodeArch)
}

interface Manifest {
  readonly bytes: Buffer
  readonly document: JsonObject
  readonly digest: Digest
}

async function readManifest(archive: Archive, { bytes, document: manifest, digest }: Manifest): Promise<Nameless> {
  const configDescriptor = isJsonObject(manifest['config']) ? manifest['config'] : {}
  const configDigest = parseDigest(configDescriptor['digest'], `the manifest ${digest}`)
  const { bytes: configBytes, document } = await readBlob(archive, configDigest)
  const config = parseConfig(document, configDigest)
  const descriptors = Array.isArray(manifest['layers']) ? manifest['layers'].filter(isJsonObject) : []
  const files = descriptors.map((layer) => {
    const blobDigest = parseDigest(layer['digest'], `the manifest ${digest}`)
    return { name: blobPath(blobDigest), blobDigest, mediaType: string(layer['mediaType']) }
  })
  let sizeBytes = await archive.sizeBytes(blobPath(configDigest))
  for (const file of files) sizeBytes += await archive.sizeBytes(file.name)
  return { manifestDigest: digest, manifest: bytes, configDigest, configBytes, config, layers: pairLayers(files, config, `the manifest ${digest}`), sizeBytes }
}

/** Every blob is checked against its name before a word of it is believed. */
async function readBlob(archive: Archive, digest: Digest): Promise<{ readonly bytes: Buffer; readonly document: JsonObject }> {
  const bytes = await readDocument(archive, blobPath(digest))
  checkDigest(digestOf(bytes), digest, blobPath(digest))
  const document = parseJson(bytes, blobPath(digest))
  if (!isJsonObject(document)) throw new Fault('invalid', `${blobPath(digest)} in the image archive is not an object`)
  return { bytes, document }
}

const blobPath = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`

function descriptorsOf(index: unknown, name: string): readonly JsonObject[] {
  const manifests = isJsonObject(index) ? index['manifests'] : undefined
  if (!Array.isArray(manifests)) throw new Fault('invalid', `${name} in the image archive lists no manifests`)
  return manifests.filter(isJsonObject)
}

/** containerd's annotation holds the whole name; OCI's own mostly only a tag, which names nothing by itself. */
function namesOf(descriptor: JsonObject): readonly string[] {
  const annotations = isJsonObject(descriptor['annotations']) ? descriptor['annotations'] : {}
  const full = string(annotations['io.containerd.image.name'])
  const short = string(annotations['org.opencontainers.image.ref.name'])
  if (full !== '') return [full]
  return /[/:]/.test(short) ? [short] : []
}

/** The same image under several names stands in the index several times. */
function merge(sources: readonly ImageSource[]): readonly ImageSource[] {
  const byId = new Map<Digest, ImageSource>()
  for (const source of sources) {
    const known = byId.get(source.configDigest)
    byId.set(source.configDigest, known === undefined ? source : { ...known, names: [...new Set([...known.names, ...source.names])] })
  }
  return [...byId.values()]
}
