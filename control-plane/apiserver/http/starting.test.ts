import { expect, test } from 'vitest'
import type { ApiRequest, Handle } from '../request.ts'
import { plainText } from './answers.ts'
import { untilServing } from './starting.ts'

const ask = async (handle: Handle, path: string): Promise<readonly [number, string]> => {
  const answer = await handle({ method: 'GET', path, query: new URLSearchParams(), headers: {}, body: new Uint8Array(), user: { name: 'system:anonymous', uid: '', groups: [], extra: {} }, remoteAddress: '', signal: new AbortController().signal } as ApiRequest)
  return answer.kind === 'body' ? [answer.status, String(answer.body)] : [0, answer.kind]
}

test('a process that starts while etcd is away lives, is not ready and says why, and refuses everything else so that it is tried again', async () => {
  let [isServing, isAway] = [false, true]
  const checks = [{ name: 'etcd', check: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve()) }]
  const handle = untilServing(async () => plainText(200, 'served'), { isServing: () => isServing, checks })
  expect(await ask(handle, '/livez')).toEqual([200, 'ok'])
  expect(await ask(handle, '/readyz')).toEqual([500, '[+]ping ok\n[-]etcd failed: reason withheld\n[-]informer-sync failed: reason withheld\nreadyz check failed\n'])
  const [status, text] = await ask(handle, '/api/v1/pods')
  expect([status, JSON.parse(text)]).toMatchObject([503, { reason: 'ServiceUnavailable', message: expect.stringContaining('the control plane is starting') as string, details: { retryAfterSeconds: 1 } }])
  isAway = false
  expect((await ask(handle, '/readyz'))[1]).toContain('[+]etcd ok\n[-]informer-sync failed')
  isServing = true
  expect(await ask(handle, '/api/v1/pods')).toEqual([200, 'served'])
  isServing = false
  expect(await ask(handle, '/livez')).toEqual([200, 'served'])
})
