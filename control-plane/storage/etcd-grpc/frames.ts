/** Messages on a stream of gRPC: a byte that says whether it is compressed (never, here), four for the length, and the message. */
import { GrpcError, INTERNAL } from './grpc-error.ts'
import { MessageReader } from './message-reader.ts'
import { MessageWriter } from '../../../shared/kit/message-writer.ts'

const HEAD = 5

export function frameOf(write: (writer: MessageWriter) => void): Buffer {
  const writer = new MessageWriter()
  write(writer)
  const frame = writer.finish(HEAD)
  frame[0] = 0
  frame.writeUInt32BE(frame.length - HEAD, 1)
  return frame
}

/** Puts messages together from the pieces in which they come. */
export class FrameReader {
  #pieces: Buffer[] = []
  #length = 0

  push(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#length += piece.length
  }

  /** The next whole message, if it has come. Throws `GrpcError` for a compressed one, which nobody asked for. */
  take(): MessageReader | undefined {
    if (this.#length < HEAD) return undefined
    const [first] = this.#pieces
    if (first === undefined || first.length < HEAD) this.#join()
    const head = this.#pieces[0] as Buffer
    if (head[0] !== 0) throw new GrpcError(INTERNAL, 'a message is compressed')
    const end = HEAD + head.readUInt32BE(1)
    if (this.#length < end) return undefined
    if (head.length < end) this.#join()
    const whole = this.#pieces[0] as Buffer
    this.#length -= end
    if (whole.length > end) this.#pieces[0] = whole.subarray(end)
    else this.#pieces.shift()
    return new MessageReader(whole, HEAD, end)
  }

  #join(): void {
    this.#pieces = [Buffer.concat(this.#pieces, this.#length)]
  }
}
