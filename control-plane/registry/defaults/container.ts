import type { Container, ContainerPort, EnvVar } from '../../../shared/model/gen/api.ts'
import { defaultEnvVar } from './env.ts'
import { fillAbsent, fillZero, mapItems, mapMember } from './fill.ts'
import { defaultPullPolicy } from './image.ts'
import { defaultLifecycle, defaultProbe } from './probe.ts'
import { defaultRequirements } from './resources.ts'

const defaultPort = (port: ContainerPort): ContainerPort => fillZero(port, { protocol: 'TCP' })

const namedDefaults = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' } as const

/** Defaults of a container, an init container or an ephemeral one. */
export function defaultContainer(container: Container): Container {
  const named = fillZero(fillAbsent(container, { resources: {} }), { ...namedDefaults, imagePullPolicy: defaultPullPolicy(container.image) })
  const listed = mapItems<Container, EnvVar>(mapItems<Container, ContainerPort>(named, 'ports', defaultPort), 'env', defaultEnvVar)
  const probed = mapMember(mapMember(mapMember(listed, 'livenessProbe', defaultProbe), 'readinessProbe', defaultProbe), 'startupProbe', defaultProbe)
  return mapMember(mapMember(probed, 'lifecycle', defaultLifecycle), 'resources', defaultRequirements)
}
