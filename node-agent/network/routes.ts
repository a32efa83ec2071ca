import type { NodeRouteEntry } from '../host/netns-node.ts'
import { ROUTE_PROTOCOL } from './node-setup.ts'
import type { NodeRoute } from './port.ts'

/** The `ip` commands that make our routes to other nodes' ranges exactly these. Pure. */
export function planRoutes(present: readonly NodeRouteEntry[], wanted: readonly NodeRoute[]): readonly string[] {
  const ours = present.filter(({ protocol, destination }) => protocol === ROUTE_PROTOCOL && destination !== 'default')
  const there = new Map(ours.map(({ destination, via }) => [destination, via]))
  const byRange = new Map(wanted.map(({ podCidr, address }) => [podCidr, address]))
  const gone = [...there.keys()].filter((range) => !byRange.has(range)).map((range) => `route delete ${range} proto ${ROUTE_PROTOCOL}`)
  const added = [...byRange].filter(([range, address]) => there.get(range) !== address).map(([range, address]) => `route replace ${range} via ${address} proto ${ROUTE_PROTOCOL}`)
  return [...gone, ...added]
}
