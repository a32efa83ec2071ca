/** What clients of three control planes are answered while these, and etcd, die, hang and are cut off: nothing acknowledged is lost, nothing is stale, watches tell all. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { FAULTS, pause } from './history-faults.ts'
import { HistoryLab } from './history-lab.ts'
import { afterFailure } from './lab-of-tests.ts'

const NAME = 'e2e-history'
let room: HistoryLab
beforeAll(async () => {
  room = await HistoryLab.up(NAME, 3).catch(() => HistoryLab.up(NAME, 3))
})
// What it heard of a try that failed is no part of the next one's story.
afterFailure(async () => {
  await room.down()
  room = await HistoryLab.up(NAME, 3)
})
afterAll(async () => {
  await room?.down()
  await lab.down(NAME, { keep: false })
})

test('what one control plane has acknowledged every other one shows, at once', async () => {
  const [a, b, c] = room.clients
  if (!a || !b || !c) throw new Error('there are not three')
  const path = '/api/v1/namespaces/default/configmaps'
  const valueIn = (text: string): unknown => (JSON.parse(text) as { readonly data?: { readonly v?: string } }).data?.v
  for (let round = 0; round < 60; round++) {
    const [writer, reader, lister] = [[a, b, c], [b, c, a], [c, a, b]][round % 3] as [typeof a, typeof a, typeof a]
    const made = await writer.request({ method: round === 0 ? 'POST' : 'PUT', path: round === 0 ? path : `${path}/fresh`, body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'fresh' }, data: { v: String(round) } }) })
    expect(made.status).toBeLessThan(300)
    const [got, listed] = await Promise.all([reader.request({ path: `${path}/fresh` }), lister.request({ path })])
    expect(valueIn(got.text)).toBe(String(round))
    const { items } = JSON.parse(listed.text) as { readonly items: ReadonlyArray<{ readonly metadata: { readonly name: string }; readonly data?: { readonly v?: string } }> }
    expect(items.find(({ metadata }) => metadata.name === 'fresh')?.data?.v).toBe(String(round))
  }
})

test('whatever dies, hangs or is cut off, answers are true', async () => {
  await room.start(1)
  await pause(1_500)
  for (const strike of Object.values(FAULTS)) {
    await strike(room)
    await pause(1_500)
  }
  // A host with other things to do takes longer over as much.
  await expect.poll(() => room.acknowledged, { timeout: 240_000, interval: 500 }).toBeGreaterThan(200)
  const { violations, operations, told } = await room.judge()
  console.log(told)
  expect(violations.map(({ rule, sentence }) => `${rule}: ${sentence}`)).toEqual([])
  const writes = operations.filter((one) => one.kind === 'write')
  expect(writes.filter(({ outcome }) => outcome.kind === 'done').length).toBeGreaterThan(200)
  expect(writes.filter(({ outcome }) => outcome.kind === 'unknown').length).toBeGreaterThan(0)
}, 600_000)
