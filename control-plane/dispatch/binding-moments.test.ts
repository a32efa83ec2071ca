import { expect, test } from 'vitest'
import type { Pod } from '../../shared/model/gen/api.ts'
import { formatTime } from '../../shared/model/time.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import type { Change, Informer } from '../informers/port.ts'
import { BindingMoments } from './binding-moments.ts'

const clock = new VirtualClock()
const startMs = clock.nowMs()
const pod = (nodeName?: string): Pod => ({ metadata: { name: 'p', uid: 'u', creationTimestamp: formatTime(startMs) }, spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) } })

/** What is known of a pod that is first seen so long after it was made, and is bound 100 ms later at the latest. */
async function seen(afterMs: number, first: Pod): Promise<ReturnType<BindingMoments['of']>> {
  const own = new VirtualClock()
  let tell = (_change: Change<Pod>): void => {}
  const informer = { subscribe: (listener: typeof tell) => ((tell = listener), () => {}) } as Pick<Informer<Pod>, 'subscribe'> as Informer<Pod>
  const moments = new BindingMoments(informer, own)
  await own.advance(afterMs)
  tell({ key: 'p', before: undefined, after: first })
  await own.advance(100)
  tell({ key: 'p', before: first, after: pod('n1') })
  const { queuedMs, boundMs } = moments.of('u')
  return { ...(queuedMs === undefined ? {} : { queuedMs: queuedMs - startMs }), ...(boundMs === undefined ? {} : { boundMs: boundMs - startMs }) }
}

/** On a busy host pods were seen more than a second late, and their timelines began without the wait for a node. */
test.each([
  ['seen at once', 200, pod(), { queuedMs: 200, boundMs: 300 }],
  ['seen late: it has waited since it was made', 3_000, pod(), { queuedMs: 0, boundMs: 3_100 }],
  ['bound from the beginning', 200, pod('n1'), { queuedMs: 200, boundMs: 200 }],
  ['bound before anybody looked', 3_000, pod('n1'), {}],
])('%s', async (_, afterMs, first, times) => {
  expect(await seen(afterMs, first)).toEqual(times)
})
