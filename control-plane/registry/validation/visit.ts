import type { Container, PodSpec } from '../../../shared/model/gen/api.ts'

interface Visited {
  readonly container: Container
  readonly path: string
}

/** All containers of a pod, in the order in which Kubernetes visits them: init, app, ephemeral. */
export function containersWithPath(spec: PodSpec, path: string): readonly Visited[] {
  const listed = (name: 'initContainers' | 'containers' | 'ephemeralContainers'): readonly Visited[] => ((spec[name] ?? []) as readonly Container[]).map((container, index) => ({ container, path: `${path}.${name}[${index}]` }))
  return [...listed('initContainers'), ...listed('containers'), ...listed('ephemeralContainers')]
}
