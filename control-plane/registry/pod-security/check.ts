/** What the rules share: whom they look at, and how they tell of it. */
import type { Container, ObjectMeta, PodSpec } from '../../../shared/model/gen/api.ts'
import { containersWithPath } from '../validation/visit.ts'

export interface Judged {
  readonly spec: PodSpec
  readonly meta: ObjectMeta
  /** Minor version whose rules hold. */
  readonly minor: number
}

export interface Violation {
  readonly reason: string
  readonly detail: string
}

export interface Rule {
  readonly id: string
  /** The first minor version that has it. */
  readonly since: number
  /** A rule of the lesser level that it is a stricter form of. */
  readonly instead?: string
  check(judged: Judged): Violation | undefined
}

export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many)
export const quoted = (names: readonly string[]): string => `"${names.join('", "')}"`
export const sortedUnique = (values: Iterable<string>): readonly string[] => [...new Set(values)].toSorted()

/** `container "a"`, `containers "a", "b"`. */
export const containersNamed = (names: readonly string[]): string => `${plural('container', 'containers', names.length)} ${quoted(names)}`

export const containersOf = (spec: PodSpec): readonly Container[] => containersWithPath(spec, '').map(({ container }) => container)
export const namesOf = (containers: readonly Container[]): readonly string[] => containers.map((one) => one.name ?? '')

/** The names of containers of which something holds. */
export const those = (spec: PodSpec, holds: (container: Container) => boolean): readonly string[] => namesOf(containersOf(spec).filter(holds))

/** `pod and containers "a", "b"`: who says something that may not be said; empty where nobody does. */
export function setters(pod: boolean, containers: readonly string[]): string {
  return [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [containersNamed(containers)] : [])].join(' and ')
}

/** Rules for Linux that pods of Windows are not held to, since 1.25. */
export const isExemptWindows = ({ spec, minor }: Judged): boolean => minor >= 25 && spec.os?.name === 'windows'
