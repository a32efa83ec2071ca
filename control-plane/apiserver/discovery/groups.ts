/** The registered kinds, by group and version in the order that discovery tells them. PURE. */
import type { KindDefinition } from '../../registry/kind.ts'

export type DiscoveredKind = Pick<KindDefinition, 'group' | 'version' | 'kind' | 'plural' | 'singular' | 'shortNames' | 'categories' | 'namespaced' | 'schema' | 'verbs' | 'subresources' | 'custom' | 'deleteAnswers'>

export interface DiscoveredVersion {
  readonly group: string
  readonly version: string
  /** `apps/v1`, or `v1`. */
  readonly groupVersion: string
  /** By plural. */
  readonly kinds: readonly DiscoveredKind[]
}

export interface DiscoveredGroup {
  readonly name: string
  /** The preferred one first. */
  readonly versions: readonly DiscoveredVersion[]
}

/** How Kubernetes orders its own groups; all others follow by name. */
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

/** The core group (`''`) is the first, if it is there. */
export function discoveredGroups(kinds: readonly DiscoveredKind[]): readonly DiscoveredGroup[] {
  const names = [...new Set(kinds.map((kind) => kind.group))].toSorted(compareGroups)
  return names.map((name) => ({ name, versions: versionsOf(name, kinds.filter((kind) => kind.group === name)) }))
}

function compareGroups(a: string, b: string): number {
  const rank = (name: string): number => (GROUP_ORDER.includes(name) ? GROUP_ORDER.indexOf(name) : GROUP_ORDER.length)
  return rank(a) - rank(b) || compareText(a, b)
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function versionsOf(group: string, kinds: readonly DiscoveredKind[]): readonly DiscoveredVersion[] {
  const versions = [...new Set(kinds.map((kind) => kind.version))].toSorted(compareVersions)
  return versions.map((version) => ({
    group,
    version,
    groupVersion: group === '' ? version : `${group}/${version}`,
    kinds: kinds.filter((kind) => kind.version === version).toSorted((a, b) => compareText(a.plural, b.plural)),
  }))
}

const STAGES = ['alpha', 'beta', '']

/** Stable before beta before alpha, newer before older, what is no Kubernetes version last and by name. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionParts(a), versionParts(b)]
  if (!left || !right) return left ? -1 : right ? 1 : compareText(a, b)
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor
}

function versionParts(version: string): { readonly stage: number; readonly major: number; readonly minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  return match ? { stage: STAGES.indexOf(match[2] ?? ''), major: Number(match[1]), minor: Number(match[3] ?? 0) } : undefined
}
