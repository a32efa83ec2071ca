import { systemClock } from '../../shared/kit/clock.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import { describeElection } from './contract.ts'
import { createMemoryLeases } from './memory-leases.ts'

describeElection(
  'election over memory',
  async () => {
    const storage = createMemoryStorage()
    return { storage, leases: createMemoryLeases(storage, systemClock), [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() }
  },
  60,
)
