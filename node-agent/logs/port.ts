/** Container logs in CRI format: `TIME STREAM TAG TEXT`, one line each; a long line comes in parts (tag `P`) and a last one (`F`). */
export interface LogQuery {
  readonly follow: boolean
  /** The last lines only. */
  readonly tailLines?: number | undefined
  readonly sinceMs?: number | undefined
  /** Only what is written from this place on (see `size`). */
  readonly fromByte?: number | undefined
  readonly limitBytes?: number | undefined
  readonly timestamps: boolean
  readonly stream: 'All' | 'Stdout' | 'Stderr'
  /** Lines as they were written, for a terminal; else a carriage return at a line's end is no part of the line. */
  readonly raw?: boolean | undefined
}

export interface LogChunk {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Uint8Array
}

export interface LogFiles {
  /** What a query answers, in order. With `follow` it goes on until `ended` resolves and everything is read, or the signal aborts. A file that is missing is empty. */
  read(path: string, query: LogQuery, until: { readonly ended: Promise<void>; readonly signal: AbortSignal }): AsyncIterable<LogChunk>
  /** How much is written by now. */
  size(path: string): Promise<number>
  /** The last lines and bytes of both streams, as text. */
  tail(path: string, limits: { readonly lines: number; readonly bytes: number }): Promise<string>
  /** Moves a log that has grown past `maxBytes` aside, keeping `maxFiles` of it in all; answers whether the writer must reopen it. */
  rotate(path: string, limits: { readonly maxBytes: number; readonly maxFiles: number }): Promise<boolean>
  /** Removes a log and what was rotated from it, or a whole folder of logs. */
  remove(path: string): Promise<void>
}
