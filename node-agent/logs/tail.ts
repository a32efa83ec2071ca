import type { FileHandle } from 'node:fs/promises'
import { parseCriLine } from './cri-line.ts'

const BLOCK_BYTES = 64 * 1024
const LINE_FEED = 0x0a

/**
 * Where the last `lines` lines of a CRI log begin. Records are counted by their ends (a line in parts is one line); read from the end, so
 * that a large log costs no more than its tail.
 */
export async function tailOffset(file: FileHandle, lines: number, size: number): Promise<number> {
  if (lines <= 0) return size
  let found = 0
  let position = size
  // The start of the record that was seen last: known once the line feed before it is.
  let recordStart = size
  let pending: Uint8Array = new Uint8Array()
  while (position > 0) {
    const length = Math.min(BLOCK_BYTES, position)
    position -= length
    const block = Buffer.alloc(length)
    await file.read(block, 0, length, position)
    let data: Uint8Array = Buffer.concat([block, pending])
    for (let at = data.lastIndexOf(LINE_FEED, data.byteLength - 2); at >= 0 && data.byteLength >= 1; at = data.lastIndexOf(LINE_FEED, data.byteLength - 2)) {
      const start = position + at + 1
      // A full record ends a line: the lines that are wanted begin after the one before them.
      if (endsLine(data.subarray(at + 1)) && ++found > lines) return recordStart
      recordStart = start
      data = data.subarray(0, at + 1)
      if (data.byteLength < 2) break
    }
    pending = data
  }
  if (pending.byteLength > 0 && endsLine(pending) && ++found > lines) return recordStart
  return 0
}

/** Whether the record (with its line feed) is the end of a line; a last one without its end is counted as one too. */
function endsLine(bytes: Uint8Array): boolean {
  const line = bytes.at(-1) === LINE_FEED ? bytes.subarray(0, -1) : bytes
  return line.byteLength > 0 && parseCriLine(line)?.partial !== true
}
