/** Informers over the real core: how far they have come where nobody writes. */
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { configMaps, secrets } from '../../shared/model/resources.ts'
import { startTestServer } from '../apiserver/core/testing.ts'
import { createInformers } from './informers.ts'

test('an informer of what nobody writes says how far it has come when it is asked, and each time', async () => {
  const { client, stop } = await startTestServer()
  const end = new AbortController()
  onTestFinished(() => {
    end.abort()
    stop()
  })
  const informers = createInformers({ client, clock: systemClock, log: silentLog })
  const quiet = informers.for(secrets)
  void informers.run(end.signal)
  await informers.whenSynced(end.signal)
  for (let turn = 1; turn <= 3; turn++) {
    const { metadata } = await client.create(configMaps, { metadata: { name: `c${turn}`, namespace: 'x' } })
    const written = Number(metadata.resourceVersion)
    expect(Number(quiet.resourceVersion)).toBeLessThan(written)
    const reached = informers.whenReached(written, AbortSignal.timeout(30_000))
    quiet.askUpTo(written)
    await reached
    expect(Number(quiet.resourceVersion)).toBeGreaterThanOrEqual(written)
  }
})
