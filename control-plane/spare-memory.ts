/** What a start left behind is given back to the machine: making what a new cluster holds leaves half as much garbage as the whole process needs afterwards. */
import { Session } from 'node:inspector'

/** A larger heap is in use, and collecting it would take longer than it is worth. */
const SMALL_BYTES = 100 * 1024 * 1024

/** Collects garbage once, in some 20 ms. The session is left only when its answer has been given: within it the process would wait for itself for ever. */
export function giveBackMemory(): void {
  if (process.memoryUsage().heapUsed > SMALL_BYTES) return
  const session = new Session()
  session.connect()
  session.post('HeapProfiler.collectGarbage', () => void setImmediate(() => session.disconnect()))
}
