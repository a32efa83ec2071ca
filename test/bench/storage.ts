/** Compare-and-set puts a second through the etcd adapter: 64 writers at once beside one after the other, with a watch running. */
import type { Storage } from '../../control-plane/storage/port.ts'
import { createEtcdStorage } from '../../control-plane/storage/storage.ts'
import { startEtcd } from '../contract/etcd.ts'

const WRITERS = 64
const ROUNDS = 5
const ROUND_MS = 1000
const PREFIX = '/gantry/core/pods/bench/'
const value = JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'bench' }, spec: { text: 'x'.repeat(900) } })

async function putsPerSecond(storage: Storage, writers: number): Promise<number> {
  const until = performance.now() + ROUND_MS
  const work = async (writer: number): Promise<number> => {
    const key = `${PREFIX}${writers}-${writer}`
    let revision = (await storage.get(key))?.revision
    let done = 0
    while (performance.now() < until) {
      const result = await storage.write({ kind: 'put', key, value, expect: revision === undefined ? { kind: 'absent' } : { kind: 'revision', revision } })
      if (result.kind !== 'committed') throw new Error(result.kind)
      revision = result.revision
      done++
    }
    return done
  }
  const done = await Promise.all(Array.from({ length: writers }, (_, writer) => work(writer)))
  return (done.reduce((sum, one) => sum + one, 0) / ROUND_MS) * 1000
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const figures: number[] = []
  for (let round = 0; round < ROUNDS; round++) figures.push(await measure())
  return figures.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
}

await using etcd = await startEtcd()
await using storage = await createEtcdStorage({ endpoints: [etcd.endpoint], maxTxnOps: 2048 })
await using alone = await createEtcdStorage({ endpoints: [etcd.endpoint], maxTxnOps: 4, maxInFlight: WRITERS })
const abort = new AbortController()
const watching = (async () => {
  let seen = 0
  for await (const batch of storage.watch('/gantry/', { after: await storage.currentRevision(), signal: abort.signal })) seen += batch.events.length
  return seen
})()
await putsPerSecond(storage, WRITERS)
const [grouped, separate, single] = [await medianOf(() => putsPerSecond(storage, WRITERS)), await medianOf(() => putsPerSecond(alone, WRITERS)), await medianOf(() => putsPerSecond(storage, 1))]
abort.abort()
console.log(JSON.stringify({ bench: 'storage', grouped: Math.round(grouped), separate: Math.round(separate), single: Math.round(single), ratio: Number((grouped / separate).toFixed(1)), watched: await watching }))
