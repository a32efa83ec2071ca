/** Operations gathered by path, with the parameters that all operations of a path share told once. PURE. */
import type { Method, Operation } from './operations.ts'
import { PRETTY, pathParameters, type Parameter } from './parameters.ts'

export interface PathOperations {
  readonly path: string
  /** What `{name}` in the path is the name of. */
  readonly kind: string
  readonly shared: readonly Parameter[]
  /** With the parameters that only it has. */
  readonly operations: ReadonlyMap<Method, Operation>
}

export function pathsOf(operations: readonly Operation[]): readonly PathOperations[] {
  const byPath = Map.groupBy(operations, (operation) => operation.path)
  return [...byPath].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, group]) => pathOf(path, group))
}

function pathOf(path: string, group: readonly Operation[]): PathOperations {
  const [first, ...others] = group
  const inAll = (first?.parameters ?? []).filter((parameter) => others.every((operation) => operation.parameters.includes(parameter)))
  const isDiscovery = first?.action === undefined
  const isConnect = first?.action === 'connect'
  const shared = [...pathParameters(path), ...(isDiscovery || isConnect ? [] : [PRETTY]), ...inAll].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const operations = group.map((operation) => [operation.method, { ...operation, parameters: operation.parameters.filter((parameter) => !inAll.includes(parameter)) }] as const)
  return { path, kind: first?.gvk?.kind ?? '', shared, operations: new Map(operations) }
}
