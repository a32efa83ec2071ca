import { createMemoryStorage } from '../storage/storage.ts'
import { describeElection } from './contract.ts'

describeElection('election over memory', async () => {
  const storage = createMemoryStorage()
  return { storage, [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() }
})
