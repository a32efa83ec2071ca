/**
 * How much may be sent to the peer (SPDY/3.1, 2.6.8). The clients of Kubernetes never grant anything and take everything, so the
 * window counts from the start but binds only once the peer has granted something.
 */
export interface SendWindow {
  /** Resolves with how many of `bytes` may be sent now (at least one), and takes them. */
  take(bytes: number): Promise<number>
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
      const taken = binding() && !closed ? Math.min(bytes, leftBytes) : bytes
      leftBytes -= taken
      return taken
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
