import { Duplex } from 'node:stream'

/** Bytes both ways, carried by whatever it is: frames of a stream between the halves, for one. */
export interface ByteEnd {
  /** Ends at the other side's half-close; throws when the way breaks. */
  readonly incoming: AsyncIterable<Uint8Array>
  /** Resolves when more may be sent. Throws once the way is broken. */
  write(chunk: Buffer): Promise<void>
  /** Half-close: no more will be written. */
  end(): void
  /** Ends both directions at once. Called once, whatever happens. */
  close(): void
}

/** The end as a `Duplex` of Node, for what speaks over sockets (`node:http`, `node:tls`). */
export function byteDuplex(end: ByteEnd): Duplex {
  const incoming = end.incoming[Symbol.asyncIterator]()
  const duplex: Duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      incoming.next().then(
        (next) => duplex.push(next.done ? null : asBuffer(next.value)),
        (error: unknown) => duplex.destroy(error as Error),
      )
    },
    write(chunk: Buffer, _encoding, done) {
      void (async () => done(await problemOf(end.write(chunk))))()
    },
    final(done) {
      attempt(() => end.end())
      done()
    },
    destroy(error, done) {
      attempt(() => end.close())
      void incoming.return?.(undefined).catch(() => {})
      done(error)
    },
  })
  return duplex
}

/** What went wrong, if anything did. */
async function problemOf(work: Promise<void>): Promise<Error | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return error as Error
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))

/** The way may be broken already: then there is nothing to end. */
function attempt(work: () => void): void {
  try {
    work()
  } catch {
    // As above.
  }
}
