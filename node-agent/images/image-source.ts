import { Fault } from '../../shared/kit/faults.ts'
import { isJsonObject } from '../../shared/model/json.ts'
import type { ImageConfig } from './port.ts'
import { type Digest, parseDigest } from './digest.ts'

/** One image found in an archive, not yet unpacked. */
export interface ImageSource {
  /** Names it is known by in the archive, as written there. */
  readonly names: readonly string[]
  /** What it is called by, where it has a manifest: the digest of that or of the index that leads to it. */
  readonly manifestDigest?: Digest
  /** The manifest of this platform, as it came. */
  readonly manifest?: Buffer
  /** The indexes that led to it, as they came: what the digest in its name is the digest of. */
  readonly indexes?: readonly Buffer[]
  /** The config, as it came. */
  readonly configBytes: Buffer
  readonly configDigest: Digest
  readonly config: ParsedConfig
  readonly layers: readonly LayerSource[]
  /** Bytes of config and layers as the archive holds them. */
  readonly sizeBytes: number
}

export interface LayerSource {
  /** Its file in the archive. */
  readonly name: string
  /** Digest of the bytes in the archive, where the manifest says one. */
  readonly blobDigest?: Digest
  /** As the manifest says it. */
  readonly mediaType?: string
  /** Digest of the plain tar: what the layer is kept under. */
  readonly diffId: Digest
}

export interface ParsedConfig {
  readonly image: ImageConfig
  readonly diffIds: readonly Digest[]
  readonly os: string
  readonly architecture: string
}

/** Reads an image's config document (OCI image-spec `config.md`, the same fields as Docker's). Throws Fault('invalid'). */
export function parseConfig(document: unknown, name: string): ParsedConfig {
  if (!isJsonObject(document)) throw new Fault('invalid', `the image config ${name} is not an object`)
  const given = isJsonObject(document['config']) ? document['config'] : {}
  const rootfs = isJsonObject(document['rootfs']) ? document['rootfs'] : {}
  const diffIds = Array.isArray(rootfs['diff_ids']) ? (rootfs['diff_ids'] as readonly unknown[]) : []
  return {
    image: {
      env: strings(given['Env']),
      entrypoint: strings(given['Entrypoint']),
      cmd: strings(given['Cmd']),
      workingDir: string(given['WorkingDir']),
      user: string(given['User']),
      stopSignal: string(given['StopSignal']),
      labels: Object.fromEntries(Object.entries(isJsonObject(given['Labels']) ? given['Labels'] : {}).map(([key, value]) => [key, string(value)])),
      volumes: Object.keys(isJsonObject(given['Volumes']) ? given['Volumes'] : {}),
    },
    diffIds: diffIds.map((id) => parseDigest(id, `the image config ${name}`)),
    os: string(document['os']),
    architecture: string(document['architecture']),
  }
}

/** The layers' files side by side with the diff ids of the config; they must be as many. */
export function pairLayers(files: ReadonlyArray<Omit<LayerSource, 'diffId'>>, config: ParsedConfig, name: string): readonly LayerSource[] {
  if (files.length !== config.diffIds.length) throw new Fault('corrupt', `${name} lists ${files.length} layers, its config ${config.diffIds.length}`)
  return config.diffIds.flatMap((diffId, at) => {
    const file = files[at]
    return file === undefined ? [] : [{ ...file, diffId }]
  })
}

/** Node's name of this processor as images spell it. */
export const imageArchitecture = (nodeArch: string): string => (nodeArch === 'x64' ? 'amd64' : nodeArch === 'ia32' ? '386' : nodeArch)

export const string = (value: unknown): string => (typeof value === 'string' ? value : '')
export const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [])
