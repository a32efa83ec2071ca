import { DEFAULT_TERMS, type FencingTerms } from '../../shared/model/fencing-terms.ts'
import type { Random } from '../../shared/kit/random.ts'
import { Arena, Links, MachineClock } from './arena.ts'
import { ModelNode } from './node.ts'
import { ModelPlane, type Store } from './plane.ts'
import { realRules, type Rules } from './rules.ts'

export interface WorldOptions {
  readonly random: Random
  readonly nodes: number
  readonly planes: number
  readonly rules?: Rules
  readonly terms?: FencingTerms
}

/** The whole protocol of fencing, without anything else of a cluster, and what must be true of it at every moment. */
export class FencingWorld {
  readonly arena: Arena
  readonly links: Links
  readonly planes = new Map<string, ModelPlane>()
  readonly nodes = new Map<string, ModelNode>()
  readonly store: Store = { term: 0, holder: undefined, renewedMs: -10_000, inUse: [], fenced: new Set(), fences: new Map(), admitted: new Map() }
  readonly terms: FencingTerms
  readonly #rules: Rules
  /** Verdicts of leaders, by node: when. */
  readonly verdicts = new Map<string, number>()
  /** Nothing goes wrong any more. */
  isOver = false
  /** Nobody's right may end now. */
  isCalmForNodes = false

  constructor({ random, nodes, planes, rules = realRules, terms = DEFAULT_TERMS }: WorldOptions) {
    this.arena = new Arena(random)
    this.links = new Links(this.arena)
    this.terms = terms
    this.#rules = rules
    for (let index = 0; index < planes; index++) this.#addPlane(`c${index + 1}`)
    for (let index = 0; index < nodes; index++) this.addNode()
  }

  #addPlane(name: string): void {
    const { arena, links, store, terms, nodes } = this
    const plane = new ModelPlane({ name, arena, clock: new MachineClock(arena), links, rules: this.#rules, store, terms, planes: this.planes, nodes, onVerdict: (node, why) => this.#judged(node, why) })
    this.planes.set(name, plane)
    plane.start()
  }

  addNode(): ModelNode {
    const { arena, links } = this
    const name = `n${this.nodes.size + 1}`
    const node: ModelNode = new ModelNode({
      name,
      arena,
      clock: new MachineClock(arena),
      rules: this.#rules,
      beat: (beat) => {
        for (const plane of this.planes.values()) links.send(name, plane.name, () => plane.process.take(() => plane.hear(beat)))
      },
      ask: (peerName, sequence) => {
        const peer = this.nodes.get(peerName)
        links.send(name, peerName, () => peer?.agent.take(() => {
          const answer = peer.answer()
          links.send(peerName, name, () => node.agent.take(() => node.answered(peerName, sequence, answer)))
        }))
      },
      onPods: (areRunning) => this.#podsChanged(node, areRunning),
    })
    this.nodes.set(name, node)
    node.startAgent()
    this.#register(node)
    return node
  }

  /** The agent's main thread, as far as it matters here: registers again and again, and says whether anything is left. */
  #register(node: ModelNode): void {
    if (node.agent.isRunning) {
      const [boot, isEmpty] = [node.boot, !node.podsRun]
      for (const plane of this.planes.values()) {
        if (this.links.of(plane.name, node.name).isOpen) this.links.send(node.name, plane.name, () => plane.process.take(() => void (boot === node.boot && isEmpty === !node.podsRun && plane.register(node.name, boot, isEmpty))))
      }
    }
    this.arena.after(200 + 100 * this.arena.random.next(), () => this.#register(node))
  }

  #judged(name: string, why: string): void {
    this.verdicts.set(name, this.arena.nowMs)
    const node = this.nodes.get(name)
    if (node?.podsRun) this.arena.violate(`${name} is judged (${why}), and its pods run: ${JSON.stringify(node.right)}`)
  }

  #podsChanged(node: ModelNode, areRunning: boolean): void {
    this.arena.say(`${node.name}: its pods ${areRunning ? 'run' : 'are dead'}`)
    if (areRunning && this.store.fenced.has(node.name)) this.arena.violate(`${node.name} is fenced, and its pods run again: ${JSON.stringify(node.right)}`)
    if (!areRunning && this.isCalmForNodes && node.isOn) this.arena.violate(`the pods of ${node.name} stop, though only the control planes are away: ${JSON.stringify(node.right)}`)
  }

  /** Every node that is on runs its pods by a lease. */
  get isWell(): boolean {
    return [...this.nodes.values()].every((node) => !node.isOn || (node.podsRun && node.right.kind === 'held'))
  }
}
