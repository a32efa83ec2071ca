import { sleep, type Clock } from '../../../shared/kit/clock.ts'
import { Fault, isFault } from '../../../shared/kit/faults.ts'
import type { Random } from '../../../shared/kit/random.ts'
import { digestOf, type Digest } from '../digest.ts'
import { leavesTls, type Caller } from './caller.ts'
import type { HttpAnswer } from './http.ts'
import type { BlobSource, ManifestBytes } from './port.ts'
import { retryDelay } from './retry.ts'

export interface PushOptions {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly onBytes: (count: number) => void
}

/** So much goes in one request: a cut costs no more than that. */
const CHUNK_BYTES = 4 << 20

/** Mounts a blob, or uploads it in chunks. Where a cut upload cannot go on it is begun anew. */
export async function pushBlob(caller: Caller, blob: BlobSource, options: PushOptions): Promise<'mounted' | 'pushed'> {
  for (let failures = 1; ; failures++) {
    let passed = 0
    const onBytes = (count: number): void => {
      passed += count
      options.onBytes(count)
    }
    try {
      return await pushOnce(caller, blob, { ...options, onBytes })
    } catch (error) {
      const delayMs = isFault(error, 'unavailable') ? retryDelay(failures, undefined, options.random.next()) : undefined
      if (delayMs === undefined) throw error
      options.onBytes(-passed)
      await sleep(options.clock, delayMs, options.signal)
    }
  }
}

async function pushOnce(caller: Caller, blob: BlobSource, options: PushOptions): Promise<'mounted' | 'pushed'> {
  const query = blob.mountFrom === undefined ? '' : `?mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(blob.mountFrom)}`
  const begun = await caller.call({ method: 'POST', path: `blobs/uploads/${query}`, headers: { 'content-length': '0' }, ok: [201, 202] })
  begun.discard()
  if (begun.status === 201) {
    options.onBytes(blob.sizeBytes)
    return 'mounted'
  }
  const at = await upload(caller, { blob, location: locationOf(begun, caller) }, options)
  const finish = new URL(at)
  finish.searchParams.set('digest', blob.digest)
  const done = await caller.call({ method: 'PUT', path: finish.href, headers: { 'content-type': 'application/octet-stream' }, body: Buffer.alloc(0), ok: [201, 204] })
  done.discard()
  return 'pushed'
}

interface Upload {
  readonly blob: BlobSource
  readonly location: string
}

/** Answers where the upload is to be finished. */
async function upload(caller: Caller, { blob, location }: Upload, options: PushOptions): Promise<string> {
  let at = location
  let sent = 0
  for await (const chunk of inChunks(blob.open(0))) {
    if (sent + chunk.length > blob.sizeBytes) throw new Fault('corrupt', `the blob ${blob.digest} is longer than the ${blob.sizeBytes} bytes it should have`)
    at = await sendChunk(caller, { at, chunk, offset: sent }, options)
    sent += chunk.length
    options.onBytes(chunk.length)
  }
  if (sent !== blob.sizeBytes) throw new Fault('corrupt', `the blob ${blob.digest} has ${sent} bytes instead of ${blob.sizeBytes}`)
  return at
}

interface Chunk {
  readonly at: string
  readonly chunk: Buffer
  readonly offset: number
}

/** Some of it may have arrived before a cut: the server is asked how much, and gets the rest. One that cannot say has failed for good. */
async function sendChunk(caller: Caller, { at, chunk, offset }: Chunk, { clock, random, signal }: PushOptions): Promise<string> {
  let place = at
  let done = 0
  for (let failures = 1; ; failures++) {
    try {
      const rest = chunk.subarray(done)
      const from = offset + done
      const answer = await caller.call({ method: 'PATCH', path: place, headers: { 'content-type': 'application/octet-stream', 'content-range': `${from}-${from + rest.length - 1}` }, body: rest, isOnce: true, ok: [202, 204] })
      answer.discard()
      return locationOf(answer, caller)
    } catch (error) {
      const delayMs = isFault(error, 'unavailable') ? retryDelay(failures, undefined, random.next()) : undefined
      if (delayMs === undefined) throw error
      await sleep(clock, delayMs, signal)
      const state = await caller.call({ method: 'GET', path: place, ok: [204, 400, 404, 416] })
      state.discard()
      if (state.status !== 204) throw error
      place = locationOf(state, caller)
      const has = Number(/(\d+)$/.exec(state.headers.range ?? '')?.[1] ?? -1) + 1
      // `0-0` stands for nothing at all where nothing has arrived.
      done = Math.min(chunk.length, Math.max(0, (has === 1 ? 0 : has) - offset))
      if (done === chunk.length) return place
    }
  }
}

async function* inChunks(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  for await (const part of bytes) {
    parts.push(part)
    length += part.length
    if (length < CHUNK_BYTES) continue
    yield Buffer.concat(parts)
    parts = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(parts)
}

/**
 * Where an upload goes on: as the server says. Proxies that end TLS let servers name themselves by plain HTTP: those are asked as before.
 * @throws Fault('permission') where it would leave the encrypted connection for somebody else.
 */
function locationOf({ headers }: HttpAnswer, caller: Caller): string {
  const base = new URL(caller.base)
  const next = URL.parse(headers.location ?? '', base)
  if (next === null || !/^https?:$/.test(next.protocol)) throw new Fault('invalid', `${base.origin} does not say where the upload goes on`)
  if (next.host === base.host) next.protocol = base.protocol
  if (leavesTls(base, next)) throw new Fault('permission', `${base.origin} sends the upload to ${next.origin}, out of the encrypted connection: refused`)
  return next.href
}

/** @throws Fault('corrupt') when the registry has understood something else. */
export async function pushManifest(caller: Caller, name: string, { mediaType, bytes }: Pick<ManifestBytes, 'mediaType' | 'bytes'>): Promise<Digest> {
  const digest = digestOf(bytes)
  const answer = await caller.call({ method: 'PUT', path: `manifests/${name}`, headers: { 'content-type': mediaType }, body: bytes, ok: [201, 202] })
  answer.discard()
  const told = answer.headers['docker-content-digest']
  if (told !== undefined && told !== digest) throw new Fault('corrupt', `the registry keeps the manifest as ${String(told)} instead of ${digest}`)
  return digest
}
