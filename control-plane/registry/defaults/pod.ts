import type { Container, ContainerPort, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapItems, mapMember } from './fill.ts'
import { defaultPodRequests } from './pod-resources.ts'
import { defaultPodSpec } from './pod-spec.ts'
import { defaultPodStatus } from './pod-status.ts'
import { requestsFromLimits } from './resources.ts'

/** Defaults of a pod itself; templates get only those of {@link defaultPodSpec}. */
export const defaultPod = (pod: Pod): Pod => defaultPodStatus(mapMember(pod, 'spec', (spec) => defaultOwnSpec(defaultPodSpec(spec))))

function defaultOwnSpec(spec: PodSpec): PodSpec {
  const linked = fillAbsent(atLeastASecond(spec), { enableServiceLinks: true })
  const requested = mapContainers(linked, (one) => mapMember(one, 'resources', requestsFromLimits))
  const whole = mapMember(requested, 'resources', (resources) => defaultPodRequests(resources, requested))
  return spec.hostNetwork ? mapContainers(whole, exposeOnHost) : whole
}

/** A grace period below zero means one second, from the moment that Kubernetes reads it. */
const atLeastASecond = (spec: PodSpec): PodSpec => ((spec.terminationGracePeriodSeconds ?? 0) < 0 ? { ...spec, terminationGracePeriodSeconds: 1 } : spec)

const mapContainers = (spec: PodSpec, change: (container: Container) => Container): PodSpec => mapItems<PodSpec, Container>(mapItems<PodSpec, Container>(spec, 'containers', change), 'initContainers', change)

/** With the host's network every port is a port of the host. */
const exposeOnHost = (container: Container): Container => mapItems<Container, ContainerPort>(container, 'ports', (port) => fillZero(port, { hostPort: port.containerPort }))
