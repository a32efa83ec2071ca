import type { Pod, PodStatus } from '../../../shared/model/gen/api.ts'
import { mapMember } from './fill.ts'

/** `podIP` is the old name of the first of `podIPs`: it wins where they differ, and each follows the other. */
function mirrorAddress(status: PodStatus): PodStatus {
  const first = status.podIPs?.[0]?.ip ?? ''
  if (!status.podIP) return first === '' ? status : { ...status, podIP: first }
  return first === status.podIP ? status : { ...status, podIPs: [{ ip: status.podIP }] }
}

export const defaultPodStatus = (pod: Pod): Pod => mapMember(pod, 'status', mirrorAddress)
