/** Documents of megabytes that few ask for: kept compressed, as most clients want them sent. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'

const compress = promisify(gzip)
const expand = promisify(gunzip)

export interface Packed {
  /** With gzip. */
  readonly bytes: Buffer
  /** SHA-512 of the document as JSON, upper-case hex. */
  readonly hash: string
}

export const pack = async (body: string | Buffer, json: string): Promise<Packed> => ({ bytes: await compress(body), hash: createHash('sha512').update(json).digest('hex').toUpperCase() })

export const unpack = ({ bytes }: Packed): Promise<Buffer> => expand(bytes)
