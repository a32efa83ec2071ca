import { afterAll, beforeAll } from 'vitest'
import { describeElection } from '../../control-plane/election/contract.ts'
import { createEtcdStorage } from '../../control-plane/storage/storage.ts'
import { startEtcd, type TestEtcd } from './etcd.ts'

let etcd: TestEtcd
beforeAll(async () => {
  etcd = await startEtcd()
})
afterAll(async () => {
  await etcd[Symbol.asyncDispose]()
})

describeElection('election over etcd', async () => {
  const storage = await createEtcdStorage({ endpoints: [etcd.endpoint] })
  return { storage, [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() }
})
