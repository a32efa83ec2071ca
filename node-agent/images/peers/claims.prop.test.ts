import fc from 'fast-check'
import { test } from 'vitest'
import { digestOf } from '../digest.ts'
import { choose, type Choice } from './choose.ts'
import { type Claim, Claims } from './claims.ts'
import { type BlobState, OPEN } from './port.ts'

const digest = digestOf('wanted')

interface Asker {
  readonly name: string
  readonly claims: Claims
  claim: Claim | undefined
  readonly answers: Map<string, BlobState>
  choice: Choice | undefined
}

/** Nodes that want the same begin, ask and answer in any order of messages. */
function run(names: readonly string[], pick: (below: number) => number): readonly Asker[] {
  const askers = names.map((name): Asker => ({ name, claims: new Claims(), claim: undefined, answers: new Map(), choice: undefined }))
  const decide = (asker: Asker): void => {
    if (asker.claim === undefined || asker.answers.size < names.length - 1) return
    asker.choice = choose({ self: asker.name, digest, answers: asker.answers, rivals: asker.claim.rivals, ignored: new Set() })
    if (asker.choice.kind === 'fetch') asker.claim.state = 'fetching'
  }
  const events: Array<() => void> = askers.map((asker) => () => {
    asker.claim = asker.claims.begin(digest, OPEN)
    for (const other of askers) if (other !== asker) events.push(() => {
      const state = other.claims.asked(digest, asker.name)
      events.push(() => {
        asker.answers.set(other.name, state)
        decide(asker)
      })
    })
    decide(asker)
  })
  while (events.length > 0) events.splice(pick(events.length), 1)[0]?.()
  return askers
}

const nodes = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 7 })

test('safety: of all that want the same at once exactly one crosses the uplink', () => {
  fc.assert(fc.property(nodes, fc.infiniteStream(fc.nat()), (names, numbers) => run(names, (below) => numbers.next().value % below).filter(({ choice }) => choice?.kind === 'fetch').length === 1))
})

test('liveness: everybody decides, and whoever waits waits in the end for the one who fetches', () => {
  fc.assert(
    fc.property(nodes, fc.infiniteStream(fc.nat()), (names, numbers) => {
      const askers = run(names, (below) => numbers.next().value % below)
      return askers.every((asker) => {
        let at: Asker | undefined = asker
        for (let steps = 0; steps <= names.length && at?.choice?.kind === 'wait'; steps++) {
          const { name }: Extract<Choice, { kind: 'wait' }> = at.choice
          at = askers.find((one) => one.name === name)
        }
        return at?.choice?.kind === 'fetch'
      })
    }),
  )
})
