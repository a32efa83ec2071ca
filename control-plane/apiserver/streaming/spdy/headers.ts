/** Header blocks of SPDY/3: name-value pairs under one zlib context per direction for the whole session. */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib'
import { Fault, messageOf } from '../../../../shared/kit/faults.ts'
import { SPDY_DICTIONARY } from './dictionary.ts'

export type SpdyHeaders = Readonly<Record<string, string>>

/** Far more than any client sends; a small block can unpack to very much. */
const MAX_BLOCK_BYTES = 256 * 1024
const MAX_PAIRS = 256

export interface HeaderCodec {
  /** Blocks must be read in the order in which they came. Throws `Fault('corrupt')`. */
  read(block: Buffer): Promise<SpdyHeaders>
  /** Blocks must be sent in the order in which they were made. */
  write(headers: SpdyHeaders): Promise<Buffer>
  close(): void
}

export function headerCodec(): HeaderCodec {
  const inflate = createInflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH })
  const deflate = createDeflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH })
  return {
    read: async (block) => parseBlock(await pass(inflate, block)),
    write: (headers) => pass(deflate, formatBlock(headers)),
    close() {
      inflate.destroy()
      deflate.destroy()
    },
  }
}

/** Sends a chunk through a zlib stream and takes all that comes out of it. */
function pass(stream: Inflate | Deflate, chunk: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let length = 0
    const finish = (cause: Error | null | undefined): void => {
      stream.off('readable', take)
      stream.off('error', finish)
      if (cause) reject(new Fault('corrupt', `bad SPDY header block: ${messageOf(cause)}`, { cause }))
      else resolve(Buffer.concat(pieces))
    }
    const take = (): void => {
      for (let piece = stream.read() as Buffer | null; piece !== null; piece = stream.read() as Buffer | null) {
        length += piece.length
        if (length > MAX_BLOCK_BYTES) return void stream.destroy(new Error('too large'))
        pieces.push(piece)
      }
    }
    stream.on('readable', take)
    stream.on('error', finish)
    stream.write(chunk, (error) => {
      take()
      finish(error)
    })
  })
}

function parseBlock(block: Buffer): SpdyHeaders {
  const headers: Record<string, string> = {}
  let at = 0
  const number = (): number => {
    if (at + 4 > block.length) throw new Fault('corrupt', 'a SPDY header block ends too early')
    at += 4
    return block.readUInt32BE(at - 4)
  }
  const text = (): string => {
    const length = number()
    if (at + length > block.length) throw new Fault('corrupt', 'a SPDY header block ends too early')
    at += length
    return block.toString('utf8', at - length, at)
  }
  const pairs = number()
  if (pairs > MAX_PAIRS) throw new Fault('corrupt', `a SPDY header block holds ${pairs} pairs`)
  for (let i = 0; i < pairs; i++) {
    const name = text().toLowerCase()
    headers[name] = text().replaceAll('\0', ', ')
  }
  return headers
}

function formatBlock(headers: SpdyHeaders): Buffer {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const text = (value: string): readonly Buffer[] => {
    const bytes = Buffer.from(value)
    return [number(bytes.length), bytes]
  }
  const entries = Object.entries(headers)
  return Buffer.concat([number(entries.length), ...entries.flatMap(([name, value]) => [...text(name.toLowerCase()), ...text(value)])])
}
