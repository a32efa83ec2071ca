import type { World } from '../../sim/world.ts'

/** Given by chance, by the clock, or by who came first; and what of it is in names. */
const DROPPED = new Set(['uid', 'resourceVersion', 'managedFields', 'creationTimestamp', 'podIP', 'podIPs', 'hostIP', 'hostIPs', 'nodeName', 'containerID', 'clusterIP', 'clusterIPs', 'nodePort', 'addresses', 'podCIDR', 'podCIDRs', 'startTime', 'bootID', 'generateName'])
/** Since when a change waited to be seen in endpoints is known to the process alone that saw it, as in Kubernetes. */
const isTime = (key: string): boolean => /(Time|Timestamp|At|timestamp|timeAdded|last-change-trigger-time)$/.test(key)
const CHANCE = /-[bcdfghjklmnpqrstvwxz2456789]{5}(?=$|["/])/g

/** Everything that is stored, an object a line, without what differs from run to run; sorted. */
export async function storedObjects(world: World): Promise<readonly string[]> {
  const { entries } = await world.storage.truth.list('/gantry/', {})
  return entries
    .filter(({ key }) => !/^\/gantry\/(coordination\.k8s\.io|core\/events|ranges|allocations)\//.test(key))
    .flatMap(({ key, value }) => leaves(plain(value)).map((leaf) => `${plainKey(key)} ${leaf}`))
    .toSorted()
}

const plainKey = (key: string): string => key.replace(CHANCE, '-*').replace(/ipaddresses\/.*/, 'ipaddresses/IP')

function plain(value: string): unknown {
  try {
    const object = JSON.parse(value) as { readonly kind?: string; readonly metadata?: Readonly<Record<string, unknown>> }
    if (object.kind === 'IPAddress') return {}
    // How many changes of its pods one write held is chance.
    return stripped(object.kind === 'EndpointSlice' ? { ...object, metadata: { ...object.metadata, generation: undefined } } : object)
  } catch {
    return value
  }
}

/** Times and how long something took stand in sentences too. */
const timeless = (text: string): string => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replace(/\b\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME').replace(/\b\d+(\.\d+)? m?s\b/g, 'A WHILE').replace(/"ms":\d+/g, '"ms":A WHILE')

/** Every value with the way to it, a line each. */
function leaves(value: unknown, way = ''): readonly string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${way} []`] : value.flatMap((one) => leaves(one, `${way}[]`))
  if (typeof value !== 'object' || value === null) return [`${way} ${timeless(String(value)).replace(CHANCE, '-*')}`]
  return Object.entries(value).flatMap(([key, one]) => leaves(one, `${way}.${key}`))
}

function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => !DROPPED.has(key) && !isTime(key))
  return Object.fromEntries(kept.map(([key, one]) => [key, stripped(one)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
