import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import type { HeldKey, Leases } from '../election/port.ts'
import { toStored } from './envelope.ts'
import { openEtcd, type EtcdAddress, type EtcdClient } from './etcd-client.ts'
import { etcdFault } from './etcd-errors.ts'

const RENEW_MS = 3000

/** Leases of etcd, on a connection of their own: a renewal never waits behind writes. */
export function createEtcdLeases(address: EtcdAddress, clock: Clock): Leases & AsyncDisposable {
  const client = openEtcd(address, clock)
  return {
    async acquire({ key, value, ttlMs }) {
      const lease = await mapped(client.leaseClient.leaseGrant({ TTL: Math.ceil(ttlMs / 1000) }))
      const compare = [{ key: Buffer.from(key), result: 'Equal' as const, target: 'Create' as const, create_revision: 0 }]
      const success = [{ request_put: { key: Buffer.from(key), value: toStored(0, value), lease: lease.ID } }]
      const answer = await mapped(client.kv.txn({ compare, success, failure: [] })).catch(async (error: unknown) => {
        // It may have been written: without its lease it cannot stand in anybody's way.
        await revoke(client, lease.ID).catch(() => {})
        throw error
      })
      if (!answer.succeeded) {
        await revoke(client, lease.ID)
        return undefined
      }
      return heldKey(client, clock, { lease: lease.ID, createRevision: Number(answer.header.revision) })
    },
    async [Symbol.asyncDispose]() {
      client.close()
    },
  }
}

function heldKey(client: EtcdClient, clock: Clock, { lease, createRevision }: { readonly lease: string; readonly createRevision: number }): HeldKey {
  return { createRevision, renew: () => keepAlive(client, clock, lease), release: () => revoke(client, lease) }
}

async function keepAlive(client: EtcdClient, clock: Clock, lease: string): Promise<boolean> {
  const stream = await mapped(client.leaseClient.leaseKeepAlive({ deadline: clock.nowMs() + RENEW_MS }))
  const answer = Promise.withResolvers<boolean>()
  stream.on('data', (response) => answer.resolve(Number(response.TTL) > 0))
  stream.on('error', (error) => answer.reject(etcdFault(error)))
  stream.on('end', () => answer.reject(new Fault('unavailable', 'etcd ended the stream of renewals')))
  stream.write({ ID: lease })
  try {
    return await answer.promise
  } finally {
    stream.end()
  }
}

async function revoke(client: EtcdClient, lease: string): Promise<void> {
  try {
    await mapped(client.leaseClient.leaseRevoke({ ID: lease }))
  } catch (error) {
    if (!isFault(error, 'not-found')) throw error
  }
}

async function mapped<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw etcdFault(error)
  }
}
