import { createHash } from 'node:crypto'
import { Fault } from '../../shared/kit/faults.ts'

/** `sha256:` and 64 hex digits: the name of some bytes. */
export type Digest = string & { readonly digest: true }

export const digestOf = (bytes: Uint8Array | string): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest

/** Throws Fault('invalid') for anything but a sha256. */
export function parseDigest(text: unknown, where: string): Digest {
  if (typeof text === 'string' && /^sha256:[a-f0-9]{64}$/.test(text)) return text as Digest
  throw new Fault('invalid', `${where}: ${JSON.stringify(text)} is not a sha256 digest`)
}

/** The 64 hex digits alone: what files and folders are named by. */
export const hexOf = (digest: Digest): string => digest.slice('sha256:'.length)

/** Passes the bytes on and, at their end, throws Fault('corrupt') unless their digest is the one promised. */
export async function* verified(bytes: AsyncIterable<Buffer>, expected: Digest, what: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) {
    hash.update(chunk)
    yield chunk
  }
  checkDigest(`sha256:${hash.digest('hex')}` as Digest, expected, what)
}

export function checkDigest(actual: Digest, expected: Digest, what: string): void {
  if (actual !== expected) throw new Fault('corrupt', `${what} does not match its digest: expected ${expected}, the bytes are ${actual}`)
}
