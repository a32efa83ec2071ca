import type { FileHandle } from 'node:fs/promises'
import { parseCriLine } from './cri-line.ts'

const BLOCK_BYTES = 64 * 1024
const LINE_FEED = 0x0a
/** containerd cuts lines into parts of so many bytes, and kubelet counts parts where people say lines. */
const PART_BYTES = 16 * 1024

export interface TailStart {
  /** Of the first record that is wanted. */
  readonly offset: number
  /** So much of its line is not. */
  readonly skipBytes: number
}

/**
 * Where the last `lines` lines of a CRI log begin, as kubelet counts them: a line of more than 16 KiB is as many as it has parts of that size, however it was written.
 * Read from the end, so that a large log costs no more than its tail.
 */
export async function tailStart(file: FileHandle, lines: number, size: number): Promise<TailStart> {
  if (lines <= 0) return { offset: size, skipBytes: 0 }
  let left = lines
  let line = { offset: size, bytes: 0 }
  for await (const { offset, bytes } of recordsFromEnd(file, size)) {
    const record = parseCriLine(bytes)
    // A record that ends a line: the one after it is whole. One that is not at its end yet counts too.
    if (record?.partial !== true && line.offset < size) {
      const parts = partsOf(line.bytes)
      if (parts >= left) return { offset: line.offset, skipBytes: (parts - left) * PART_BYTES }
      left -= parts
      line = { offset, bytes: 0 }
    }
    line = { offset, bytes: line.bytes + (record?.text.byteLength ?? 0) }
  }
  return { offset: line.offset, skipBytes: Math.max(0, partsOf(line.bytes) - left) * PART_BYTES }
}

const partsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / PART_BYTES))

/** Each with its place, without its line feed; the last one first. What is behind the last line feed is one too. */
async function* recordsFromEnd(file: FileHandle, size: number): AsyncGenerator<{ readonly offset: number; readonly bytes: Uint8Array }> {
  let position = size
  let data: Uint8Array = new Uint8Array()
  while (position > 0) {
    const length = Math.min(BLOCK_BYTES, position)
    position -= length
    const block = Buffer.alloc(length)
    await file.read(block, 0, length, position)
    data = Buffer.concat([block, data])
    // The line feed at its own end is not the one before it.
    for (let at = before(data); at >= 0; at = before(data)) {
      yield { offset: position + at + 1, bytes: withoutEnd(data.subarray(at + 1)) }
      data = data.subarray(0, at + 1)
    }
  }
  if (data.byteLength > 0) yield { offset: 0, bytes: withoutEnd(data) }
}

const before = (data: Uint8Array): number => (data.byteLength < 2 ? -1 : data.lastIndexOf(LINE_FEED, data.byteLength - 2))
const withoutEnd = (bytes: Uint8Array): Uint8Array => (bytes.at(-1) === LINE_FEED ? bytes.subarray(0, -1) : bytes)
