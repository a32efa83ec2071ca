/**
 * How much may be sent to the peer (SPDY/3.1, 2.6.8). The clients of Kubernetes never grant anything and take everything, so the
 * window counts from the start but binds only once the peer has granted something.
 */
export interface SendWindow {
  /** Resolves when `bytes` may be sent, and takes them. */
  take(bytes: number): Promise<void>
  grant(bytes: number): void
  /** Nobody waits any more. */
  close(): void
}

export const DEFAULT_WINDOW_BYTES = 64 * 1024

/** @param binding whether the peer is known to grant. */
export function sendWindow(binding: () => boolean, initialBytes = DEFAULT_WINDOW_BYTES): SendWindow {
  let leftBytes = initialBytes
  let closed = false
  let waiting: Array<() => void> = []
  const wake = (): void => {
    const woken = waiting
    waiting = []
    for (const resolve of woken) resolve()
  }
  return {
    async take(bytes) {
      while (binding() && leftBytes <= 0 && !closed) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
      }
      leftBytes -= bytes
    },
    grant(bytes) {
      leftBytes += bytes
      if (leftBytes > 0) wake()
    },
    close() {
      closed = true
      wake()
    },
  }
}
