/** Tells when what a dead node had runs elsewhere. Counts what was removed and what came in its place, by owner; nothing depends on it. */
import type { Pod } from '../../../shared/model/gen/api.ts'
import { uidOf } from '../../../shared/model/meta.ts'
import { nodes } from '../../../shared/model/resources.ts'
import type { Change } from '../../informers/port.ts'
import { lengthText } from '../../membership/words.ts'
import type { ControllerParts } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'

const COMPONENT = 'node-controller'
/** What has not come by then is waiting for something else. */
const PATIENCE_MS = 300_000

interface Outage {
  readonly nodeName: string
  readonly atMs: number
  /** Of pods that a controller replaces: those removed. */
  readonly removed: Set<string>
  /** How many each owner still has to bring. */
  readonly missing: Map<string, number>
}

export class Replacements {
  readonly #parts: Pick<ControllerParts, 'clock' | 'events' | 'informers'>
  readonly #outages = new Map<string, Outage>()
  /** That were there when a pod of their owner was removed, or have been counted. */
  readonly #counted = new Set<string>()

  constructor(parts: Pick<ControllerParts, 'clock' | 'events' | 'informers'>) {
    this.#parts = parts
  }

  /** This pod is about to be removed, because of a verdict at that wall time. */
  expect(pod: Pod, atMs: number): void {
    const { nodeName = '' } = pod.spec ?? {}
    const owner = ownerOf(pod)
    if (owner === undefined || pod.metadata.deletionTimestamp !== undefined) return
    const known = this.#outages.get(nodeName)
    const outage = known?.atMs === atMs ? known : { nodeName, atMs, removed: new Set<string>(), missing: new Map<string, number>() }
    this.#outages.set(nodeName, outage)
    if (outage.removed.has(uidOf(pod))) return
    outage.removed.add(uidOf(pod))
    outage.missing.set(owner, (outage.missing.get(owner) ?? 0) + 1)
  }

  look({ before, after }: Change<Pod>): void {
    if (this.#outages.size === 0) return
    if (!after) return void (before && this.#counted.delete(uidOf(before)))
    const owner = ownerOf(after)
    if (owner === undefined || !isReady(after) || (before && isReady(before)) || this.#counted.has(uidOf(after))) return
    for (const outage of this.#outages.values()) {
      const missing = outage.missing.get(owner) ?? 0
      if (missing === 0 || outage.removed.has(uidOf(after)) || after.spec?.nodeName === outage.nodeName) continue
      this.#counted.add(uidOf(after))
      outage.missing.set(owner, missing - 1)
      this.#conclude(outage)
      return
    }
  }

  #conclude(outage: Outage): void {
    const { clock, events, informers } = this.#parts
    const tookMs = clock.nowMs() - outage.atMs
    if (tookMs <= PATIENCE_MS && [...outage.missing.values()].some((count) => count > 0)) return
    this.#outages.delete(outage.nodeName)
    if (this.#outages.size === 0) this.#counted.clear()
    const node = informers.for(nodes).get(outage.nodeName)
    if (tookMs > PATIENCE_MS || !node) return
    const count = outage.removed.size
    events.record(COMPONENT, referenceTo(nodes, node), { type: 'Normal', reason: 'PodsReplaced', message: `${count} ${count === 1 ? 'pod' : 'pods'} replaced in ${lengthText(tookMs)}` })
  }
}

const ownerOf = (pod: Pod): string | undefined => pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid
const isReady = ({ status }: Pod): boolean => status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
