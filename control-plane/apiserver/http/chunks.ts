/** The pieces of an answer that goes on, in the frames of HTTP/1.1: a length before each, line ends around it. */
import type { ServerResponse } from 'node:http'

/** By the bytes in them: made once for all that these are sent to. */
const frames = new WeakMap<Uint8Array, Uint8Array>()

const LINE_END = '\r\n'

function frameOf(chunk: Uint8Array): Uint8Array {
  const known = frames.get(chunk)
  if (known) return known
  const length = `${chunk.length.toString(16)}${LINE_END}`
  const frame = Buffer.allocUnsafe(length.length + chunk.length + LINE_END.length)
  frame.write(length, 'latin1')
  frame.set(chunk, length.length)
  frame.write(LINE_END, length.length + chunk.length, 'latin1')
  frames.set(chunk, frame)
  return frame
}

/**
 * Bytes go out with their frame in one piece; Node would make four of them for each client, and one again of these before they are encrypted.
 * @returns whether the client may be sent more at once.
 */
export function writeChunk(response: ServerResponse, chunk: string | Uint8Array): boolean {
  if (typeof chunk === 'string' || chunk.length === 0 || !response.chunkedEncoding) return response.write(chunk)
  response.chunkedEncoding = false
  const isTaken = response.write(frameOf(chunk))
  // The end is a frame, too.
  response.chunkedEncoding = true
  return isTaken
}
