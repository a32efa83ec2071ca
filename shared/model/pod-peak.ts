import type { Container, PodSpec } from './gen/api.ts'

/** Amounts that can be added and compared. */
export interface Reckoning<T> {
  readonly zero: T
  readonly add: (a: T, b: T) => T
  readonly max: (a: T, b: T) => T
}

/** What the containers of a pod take at most at one time: main containers and sidecars together, or an ordinary init container beside the sidecars that were started before it (KEP-753). Pure. */
export function podPeak<T>({ containers, initContainers = [] }: Pick<PodSpec, 'containers' | 'initContainers'>, of: (container: Container) => T, { zero, add, max }: Reckoning<T>): T {
  let sidecars = zero
  let peak = zero
  for (const container of initContainers) {
    const beside = add(sidecars, of(container))
    if (container.restartPolicy === 'Always') sidecars = beside
    peak = max(peak, beside)
  }
  let running = sidecars
  for (const container of containers) running = add(running, of(container))
  return max(running, peak)
}
