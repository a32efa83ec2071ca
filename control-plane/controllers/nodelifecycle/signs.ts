/** When a node without an agent was last heard of: its lease was renewed, or its status written. Times are this process's own: nobody else's clock is trusted. */
import type { Lease, Node } from '../../../shared/model/gen/api.ts'
import { findNodeCondition } from './conditions.ts'

interface Sign {
  readonly text: string
  readonly heardMs: number
}

export class SignsOfLife {
  readonly #signs = new Map<string, Sign>()

  /** Takes in what is there now; answers when it last changed. */
  hear(name: string, of: { readonly node: Node; readonly lease: Lease | undefined; readonly nowMs: number }): number {
    const ready = findNodeCondition(of.node, 'Ready')
    const isOwnWord = ready?.status === 'Unknown' && (ready.reason === 'NodeStatusUnknown' || ready.reason === 'NodeStatusNeverUpdated')
    const known = this.#signs.get(name)
    const text = `${isOwnWord ? '' : `${ready?.status} ${ready?.lastHeartbeatTime}`}|${of.lease?.spec?.renewTime ?? ''}`
    if (known && (known.text === text || (isOwnWord && leaseOf(known.text) === leaseOf(text)))) return known.heardMs
    this.#signs.set(name, { text, heardMs: of.nowMs })
    return of.nowMs
  }

  forget(name: string): void {
    this.#signs.delete(name)
  }
}

const leaseOf = (text: string): string => text.slice(text.indexOf('|'))
