/**
 * Messages over a byte stream: each is preceded by its length in 4 bytes, big endian, and is at most {@link FRAME_CAP_BYTES} long. What heartbeats and the
 * questions between agents travel in (node/v1/heartbeat.proto): cheap enough for threads that must never be late.
 */
import { Fault } from '../shared/kit/faults.ts'

export const FRAME_CAP_BYTES = 1024 * 1024
const HEADER_BYTES = 4

/** Where frames go: a socket of `node:net` or `node:tls`, for instance. */
export interface FrameSink {
  write(bytes: Uint8Array): unknown
}

/**
 * Takes what a stream brings, in whatever pieces, and calls `onFrame` once per frame, in order, before it returns. The bytes are the frame's for as long as
 * the call lasts.
 *
 * @throws Fault('invalid') when a frame would be longer than allowed: the stream is of no more use then.
 */
export function frameReader(onFrame: (bytes: Uint8Array) => void): (chunk: Uint8Array) => void {
  /** Of a frame that is not there as a whole: its header, then all of it. */
  let begun: Uint8Array = new Uint8Array(HEADER_BYTES)
  let filled = 0
  const fill = (chunk: Uint8Array, at: number): number => {
    const count = Math.min(begun.length - filled, chunk.length - at)
    begun.set(chunk.subarray(at, at + count), filled)
    filled += count
    return at + count
  }
  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      // What lies there whole is not copied.
      if (filled === 0 && chunk.length - at >= HEADER_BYTES) {
        const end = at + HEADER_BYTES + lengthAt(chunk, at)
        if (end <= chunk.length) {
          onFrame(chunk.subarray(at + HEADER_BYTES, end))
          at = end
          continue
        }
      }
      if (filled < HEADER_BYTES) {
        at = fill(chunk, at)
        if (filled < HEADER_BYTES) return
        const header = begun
        begun = new Uint8Array(HEADER_BYTES + lengthAt(header, 0))
        begun.set(header)
      }
      at = fill(chunk, at)
      if (filled < begun.length) return
      const whole = begun
      begun = new Uint8Array(HEADER_BYTES)
      filled = 0
      onFrame(whole.subarray(HEADER_BYTES))
    }
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES).getUint32(0)
  if (length > FRAME_CAP_BYTES) throw new Fault('invalid', `a frame of ${length} bytes is announced: at most ${FRAME_CAP_BYTES} are allowed`)
  return length
}

/** @throws Fault('invalid') when the message is longer than allowed. */
export function writeFrame(sink: FrameSink, bytes: Uint8Array): void {
  if (bytes.length > FRAME_CAP_BYTES) throw new Fault('invalid', `a message of ${bytes.length} bytes: at most ${FRAME_CAP_BYTES} are allowed`)
  const framed = new Uint8Array(HEADER_BYTES + bytes.length)
  new DataView(framed.buffer).setUint32(0, bytes.length)
  framed.set(bytes, HEADER_BYTES)
  sink.write(framed)
}
