import { parseTime } from '../../shared/model/time.ts'
import { parseCriLine, shownTime, type CriRecord } from './cri-line.ts'
import type { LogChunk, LogQuery } from './port.ts'

const LINE_FEED = Uint8Array.of(0x0a)

const CARRIAGE_RETURN = 0x0d

const withoutReturn = (text: Uint8Array): Uint8Array => (text.at(-1) === CARRIAGE_RETURN ? text.subarray(0, -1) : text)

/** Turns records into what a query answers: since a time, of a stream, with times, up to so many bytes. Parts of a line are joined. Pure. */
export class LogSelection {
  readonly #query: LogQuery
  #leftBytes: number
  /** So much of the first line is not wanted. */
  skipBytes = 0
  /** The stream whose line is not at its end, so that a time is put once a line. */
  readonly #midLine = new Set<'stdout' | 'stderr'>()

  constructor(query: LogQuery) {
    this.#query = query
    this.#leftBytes = query.limitBytes ?? Number.POSITIVE_INFINITY
  }

  /** No more is wanted. */
  get done(): boolean {
    return this.#leftBytes <= 0
  }

  take(line: Uint8Array): readonly LogChunk[] {
    const record = parseCriLine(line)
    if (record === undefined || this.done) return []
    const query = this.#query
    const { stream, partial, time } = record
    const wanted = this.#afterSkipped(record)
    if (wanted.byteLength === 0 && partial) return []
    const text = partial || query.raw === true ? wanted : withoutReturn(wanted)
    if ((query.stream === 'Stdout' && stream !== 'stdout') || (query.stream === 'Stderr' && stream !== 'stderr')) return []
    if (query.sinceMs !== undefined && (parseTime(time) ?? 0) < query.sinceMs) return []
    const parts = [...(query.timestamps && !this.#midLine.has(stream) ? [new TextEncoder().encode(`${shownTime(time)} `)] : []), text, ...(partial ? [] : [LINE_FEED])]
    if (partial) this.#midLine.add(stream)
    else this.#midLine.delete(stream)
    return this.#limited(stream, parts)
  }

  #afterSkipped({ text, partial }: CriRecord): Uint8Array {
    const wanted = text.subarray(this.skipBytes)
    this.skipBytes = partial ? Math.max(0, this.skipBytes - text.byteLength) : 0
    return wanted
  }

  #limited(stream: 'stdout' | 'stderr', parts: readonly Uint8Array[]): readonly LogChunk[] {
    const size = Math.min(parts.reduce((sum, part) => sum + part.byteLength, 0), this.#leftBytes)
    const bytes = new Uint8Array(size)
    let at = 0
    for (const part of parts) {
      const fits = part.subarray(0, size - at)
      bytes.set(fits, at)
      at += fits.byteLength
    }
    this.#leftBytes -= size
    return size === 0 ? [] : [{ stream, bytes }]
  }
}
