import type { ResourceV1ResourceClaim as ResourceClaim } from '../../../shared/model/gen/api.ts'
import { without } from '../defaults/fill.ts'

interface Identified {
  readonly driver: string
  readonly pool: string
  readonly device: string
}

const idOf = ({ driver, pool, device }: Identified): string => `${driver}/${pool}/${device}`
const allocatedIn = ({ status }: ResourceClaim): ReadonlySet<string> => new Set((status?.allocation?.devices?.results ?? []).map(idOf))

/** Of devices that the claim no longer has, nothing is told any longer. */
export function withoutFreedDevices(claim: ResourceClaim, old: ResourceClaim): ResourceClaim {
  const { status } = claim
  const [now, before] = [allocatedIn(claim), allocatedIn(old)]
  const devices = status?.devices?.filter((device) => now.has(idOf(device)) || !before.has(idOf(device)))
  if (!devices || devices.length === status?.devices?.length) return claim
  return { ...claim, status: devices.length === 0 ? without(status ?? {}, 'devices') : { ...status, devices } }
}
