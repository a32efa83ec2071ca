import { afterAll, beforeAll } from 'vitest'
import { describeElection } from '../../control-plane/election/contract.ts'
import { createEtcdLeases, createEtcdStorage } from '../../control-plane/storage/storage.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { startEtcd, type TestEtcd } from './etcd.ts'

let etcd: TestEtcd
beforeAll(async () => {
  etcd = await startEtcd()
})
afterAll(async () => {
  await etcd[Symbol.asyncDispose]()
})

describeElection(
  'election over etcd',
  async () => {
    const address = { endpoints: [etcd.endpoint] }
    const storage = await createEtcdStorage(address)
    const leases = await createEtcdLeases(address, systemClock)
    return {
      storage,
      leases,
      async [Symbol.asyncDispose]() {
        await storage[Symbol.asyncDispose]()
        await leases[Symbol.asyncDispose]()
      },
    }
  },
  1000,
)
