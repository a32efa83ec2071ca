/** Pulls and pushes that somebody watches: told line by line, because the answer has begun long before it is known how it ends. */
import { channel } from '../../shared/kit/channel.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { TransferLine } from '../../shared/model/image-api.ts'
import type { ImageRequest } from './api.ts'
import type { DiskImages } from './disk-images.ts'
import { loginsOf } from './registry/logins.ts'
import type { RegistryLogin } from './registry/port.ts'

export const TRANSFERS: ReadonlySet<string> = new Set(['/pull', '/push'])

/** A docker config with logins for one image is small; more is not read. */
const MAX_LOGIN_BYTES = 1 << 20

/** As many lines wait for a slow reader; of more, those that only tell how far a layer has come are left out, because the next ones tell it better. */
const MOST_WAITING = 1000
const ON_THE_WAY: ReadonlySet<string> = new Set(['pulling', 'pushing'])

interface Transfer {
  readonly reference: string
  readonly logins: readonly RegistryLogin[]
  readonly signal: AbortSignal
  readonly onProgress: (progress: { readonly digest: string; readonly doneBytes: number; readonly totalBytes: number; readonly state: string }) => void
}

/** Lines of JSON ({@link TransferLine}). Ends the work when nobody reads any more. */
export async function* transfer(images: DiskImages, { path, query, body, signal: gone }: ImageRequest): AsyncGenerator<Uint8Array> {
  const ended = new AbortController()
  const signal = gone === undefined ? ended.signal : AbortSignal.any([gone, ended.signal])
  const lines = channel<TransferLine>()
  const work = async (): Promise<void> => {
    try {
      const given: Transfer = { reference: query.get('ref') ?? '', logins: await loginsIn(body), signal, onProgress: (progress) => void ((lines.size < MOST_WAITING || !ON_THE_WAY.has(progress.state)) && lines.push({ kind: 'layer', ...progress })) }
      lines.push(await (path === '/pull' ? pull(images, given) : push(images, given)))
    } catch (error) {
      lines.push({ kind: 'failed', message: messageOf(error) })
    }
    lines.close()
  }
  const done = work()
  try {
    for await (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`)
  } finally {
    ended.abort(new Error('nobody waits for it any more'))
    await done
  }
}

async function pull(images: DiskImages, { reference, ...options }: Transfer): Promise<TransferLine> {
  const result = await images.ensure(reference, 'Always', options)
  if (result.kind === 'refused') return { kind: 'failed', message: result.message }
  return { kind: 'done', name: reference, id: result.image.id, isNew: result.pulled !== false }
}

async function push(images: DiskImages, { reference, ...options }: Transfer): Promise<TransferLine> {
  return { kind: 'done', name: reference, id: await images.shelf.push(reference, options), isNew: true }
}

/** The body is a docker config, or nothing. */
async function loginsIn(body: AsyncIterable<Uint8Array>): Promise<readonly RegistryLogin[]> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > MAX_LOGIN_BYTES) throw new Error('the docker config with logins is far too long')
    parts.push(part)
  }
  return size === 0 ? [] : loginsOf(JSON.parse(Buffer.concat(parts).toString()) as unknown, 'person')
}
