import type { Container, Pod, ServicePort } from '../../../shared/model/gen/api.ts'

/** The number a service's port has in this pod; `undefined` where the pod has no port of that name. PURE. */
export function targetPortOf(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort
  if (target === undefined || target === 0 || target === '') return port.port
  if (typeof target === 'number') return target
  const containers: readonly Container[] = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')]
  for (const container of containers) {
    const found = container.ports?.find(({ name, protocol }) => name === target && (protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
    if (found) return found.containerPort
  }
  return undefined
}
