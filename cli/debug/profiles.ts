import type { SecurityContext } from '../../shared/model/gen/api.ts'
import { Problem } from '../program/problem.ts'

/** What a container for debugging may do, by kubectl's profiles. @throws Problem for one nobody knows */
export function securityOf(profile: string): SecurityContext | undefined {
  switch (profile) {
    case 'legacy':
    case 'baseline':
      return undefined
    case 'general':
      return { capabilities: { add: ['SYS_PTRACE'] } }
    case 'restricted':
      return { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } }
    case 'netadmin':
      return { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } }
    case 'sysadmin':
      return { privileged: true }
    default:
      throw new Problem(`unknown profile: ${profile}: it is one of legacy, general, baseline, restricted, netadmin, sysadmin`)
  }
}
