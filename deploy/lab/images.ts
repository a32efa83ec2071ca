/** The folder of images that all labs of this host share. Agents read it as it is: whoever imports need tell nobody. */
import { mkdir } from 'node:fs/promises'
import { silentLog } from '../../shared/kit/log.ts'
import { answerImages, type ImageRequest, type ImageResponse } from '../../node-agent/images/api.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import type { RegistryClient } from '../../node-agent/images/registry/port.ts'
import { defaultRoots } from './layout.ts'

export interface ListedImage {
  readonly id: string
  /** Full names, `docker.io/library/busybox:1.35`. */
  readonly tags: readonly string[]
  readonly sizeBytes: number
}

const imageFolder = `${defaultRoots.state}/images`

async function store(registry?: RegistryClient): ReturnType<typeof createImageStore> {
  await mkdir(imageFolder, { recursive: true })
  return createImageStore({ root: imageFolder, log: silentLog, ...(registry === undefined ? {} : { registry }) })
}

/** Loaded where a registry is to be asked, and not before. */
async function withRegistry(): ReturnType<typeof createImageStore> {
  const [{ nodeRegistries }, { DEFAULT_PULLS }] = await Promise.all([import('../../node-agent/images/registry/registry.ts'), import('../../node-agent/images/registry/agent-settings.ts')])
  return await store(nodeRegistries(DEFAULT_PULLS, {}))
}

/** Asks the shared folder what a node would be asked of its images (`shared/model/image-api.ts`). */
export const askImages = async (request: ImageRequest): Promise<ImageResponse> => await answerImages(await (/^\/(pull|push)$/.test(request.path) ? withRegistry() : store()), request)

/** Brings the images of an archive (OCI layout or `docker save`) in. @throws Fault('corrupt' | 'invalid') and leaves nothing behind. */
export const importImages = async (file: string): Promise<readonly ListedImage[]> => (await store()).importArchive(file)

/** By name or id; its layers stay for other images. Answers whether there was one. */
export const removeImage = async (reference: string): Promise<boolean> => (await store()).remove(reference)

export const listImages = async (): Promise<readonly ListedImage[]> => (await store()).list()
