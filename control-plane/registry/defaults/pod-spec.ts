import type { Container, EphemeralContainer, PodSpec, PodTemplateSpec, Volume } from '../../../shared/model/gen/api.ts'
import { defaultContainer } from './container.ts'
import { fillAbsent, fillZero, mapItems, mapMember, without } from './fill.ts'
import { defaultRequirements, defaultResourceList } from './resources.ts'
import { defaultVolume } from './volume.ts'

const GRACE_SECONDS = 30
/** Go prints the list of containers even where it is not there. */
const NO_SPEC = { containers: null } as unknown as PodSpec

/** Defaults that pods and pod templates share. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  const named = fillZero(spec, { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler' })
  const present = fillAbsent(named, { terminationGracePeriodSeconds: GRACE_SECONDS, securityContext: {} })
  const contained = mapItems<PodSpec, Container>(mapItems<PodSpec, Container>(present, 'containers', defaultContainer), 'initContainers', defaultContainer)
  const ephemeral = mapItems<PodSpec, EphemeralContainer>(contained, 'ephemeralContainers', (one) => defaultContainer(one) as EphemeralContainer)
  const resourced = mapMember(mapMember(ephemeral, 'overhead', defaultResourceList), 'resources', defaultRequirements)
  return mirrorServiceAccount(mapItems<PodSpec, Volume>(resourced, 'volumes', defaultVolume))
}

/** `serviceAccount` is the old name of `serviceAccountName`: the new one wins, both are shown. */
function mirrorServiceAccount(spec: PodSpec): PodSpec {
  const account = spec.serviceAccountName || spec.serviceAccount
  if (!account) return without(spec, 'serviceAccount', 'serviceAccountName')
  return spec.serviceAccountName === account && spec.serviceAccount === account ? spec : { ...spec, serviceAccountName: account, serviceAccount: account }
}

export const defaultPodTemplate = (template: PodTemplateSpec): PodTemplateSpec => mapMember(fillAbsent(template, { metadata: {}, spec: NO_SPEC }), 'spec', defaultPodSpec)
