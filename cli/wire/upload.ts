import type { Socket } from 'node:net'

/** A body that is not held in memory. */
export interface Upload {
  readonly sizeBytes: number
  /** From its start, each time it is asked for. */
  chunks(): AsyncIterable<Uint8Array>
}

/** Writes it as fast as the other side takes it; stops without a word when an answer is there before its end, because that is what counts then. */
export async function sendUpload(socket: Socket, upload: Upload, isAnswered: () => boolean): Promise<void> {
  for await (const chunk of upload.chunks()) {
    if (isAnswered() || socket.destroyed) return
    if (!socket.write(chunk)) await writable(socket)
  }
}

/** Resolves when there is room again, or the connection is gone. */
const writable = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      socket.off('drain', end).off('close', end)
      resolve()
    }
    socket.once('drain', end).once('close', end)
  })
