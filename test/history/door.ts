/** A way to one server, over whatever wire. */
export interface Door {
  /** The life of the server behind it: another name after each start. */
  readonly server: string
  /** Rejects when no answer came: what was asked may have been done. */
  request(request: DoorRequest): Promise<DoorAnswer>
  /** The lines of an answer that goes on; rejects, at once or on the way, when the connection is cut. */
  stream(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly lines: AsyncIterable<string> }>
}

export interface DoorRequest {
  readonly method: string
  /** With query. */
  readonly path: string
  readonly body?: unknown
  readonly type?: string | undefined
}

export interface DoorAnswer {
  readonly status: number
  /** Parsed; what is no JSON is left out. */
  readonly body: unknown
}
