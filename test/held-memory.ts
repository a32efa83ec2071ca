/** What is really held: garbage, of which a busy host leaves more, does not count. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

/** Bytes of this process's heap. */
export function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
