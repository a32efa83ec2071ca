/**
 * Who holds which address and which port: one key in the storage each, made only if absent. So two servers over one storage never
 * give out the same, whatever they remember. An address is the `IPAddress` object that clients of Kubernetes know.
 */
import { newUid } from '../../../../shared/kit/ids.ts'
import type { JsonObject } from '../../../../shared/model/json.ts'
import { formatTime } from '../../../../shared/model/time.ts'
import { storageKey } from '../../../storage/port.ts'
import type { Call } from '../../core/call.ts'
import { orDeposed } from '../../core/commit.ts'
import type { AdmissionSources } from '../sources.ts'

export interface Holder {
  readonly namespace: string
  readonly name: string
}

export const ipAddresses = { group: 'networking.k8s.io', version: 'v1', plural: 'ipaddresses' } as const
export const nodePorts = { group: '', version: 'v1', plural: 'servicenodeports' } as const

export const ipKey = (ip: string): string => storageKey(ipAddresses, '', ip)
export const portKey = (port: number): string => storageKey(nodePorts, '', String(port))

export function ipRecord(sources: AdmissionSources, ip: string, holder: Holder): JsonObject {
  return {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: ip,
      uid: newUid(sources.random),
      creationTimestamp: formatTime(sources.clock.nowMs()),
      labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
    },
    spec: { parentRef: { resource: 'services', namespace: holder.namespace, name: holder.name } },
  }
}

export function portRecord(sources: AdmissionSources, port: number, holder: Holder): JsonObject {
  return { metadata: { name: String(port), creationTimestamp: formatTime(sources.clock.nowMs()) }, service: { namespace: holder.namespace, name: holder.name } }
}

/** Whether it is the caller's now. A dry run only looks. */
export async function take(sources: AdmissionSources, call: Call, { key, record }: { readonly key: string; readonly record: JsonObject }): Promise<boolean> {
  if (call.dryRun) return (await sources.storage.get(key, call.signal)) === undefined
  const result = await sources.storage.write({ kind: 'put', key, value: JSON.stringify(record), expect: { kind: 'absent' }, guard: call.guard?.() }, call.signal)
  return orDeposed(result).kind === 'committed'
}

export async function giveBack(sources: AdmissionSources, call: Call, keys: readonly string[]): Promise<void> {
  if (call.dryRun) return
  await Promise.all(keys.map((key) => sources.storage.write({ kind: 'delete', key, expect: { kind: 'any' }, guard: call.guard?.() })))
}
