/** For tests of who asks whether nodes live: the answers are set by hand. */
import type { Admissions } from '../membership/port.ts'
import type { NodeLiveness, NodeState } from './liveness-port.ts'

export interface FakeLiveness extends NodeLiveness {
  set(nodeName: string, state: NodeState): void
}

export function fakeLiveness(): FakeLiveness {
  const states = new Map<string, NodeState>()
  const listeners = new Set<(nodeName: string) => void>()
  return {
    stateOf: (nodeName) => states.get(nodeName) ?? { kind: 'no-agent' },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    set(nodeName, state) {
      states.set(nodeName, state)
      for (const listener of listeners) listener(nodeName)
    },
  }
}

/** A verdict by silence. */
export const fencedState = (atMs: number): NodeState => ({ kind: 'fenced', evidence: { kind: 'lease-ended', silentForMs: 1_234, seen: 2, of: 3 }, atMs })

/** Notes what it is told: `admit n1 boot-1`, `session n1 open boot-1`. */
export function fakeAdmissions(liveness?: FakeLiveness): Admissions & { readonly told: string[] } {
  const told: string[] = []
  return {
    told,
    async admit(nodeName, bootId) {
      told.push(`admit ${nodeName} ${bootId}`)
      liveness?.set(nodeName, { kind: 'seen' })
    },
    whenGrantsAreOver: () => Promise.resolve(),
    setSession(nodeName, isOpen, bootId) {
      told.push(`session ${nodeName} ${isOpen ? `open ${bootId}` : 'closed'}`)
      if (isOpen && liveness?.stateOf(nodeName).kind === 'no-agent') liveness.set(nodeName, { kind: 'seen' })
    },
    doubled: (nodeName, message) => void told.push(`doubled ${nodeName}: ${message}`),
  }
}
