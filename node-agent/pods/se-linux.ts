import { Fault } from '../../shared/kit/faults.ts'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { seLinuxLabels } from '../runtime/confinement.ts'
import type { PodParts } from './parts.ts'

/** The label that the files of a container have for it; undefined where it asks for none. @throws Fault 'unsupported' where the policy does not know what it asks for. */
export async function fileLabelFor({ files, config }: Pick<PodParts, 'files' | 'config'>, pod: Pod, container: Pick<Container, 'name' | 'securityContext'>): Promise<string | undefined> {
  const labels = config.capacity.securityModules?.seLinux === true ? seLinuxLabels(pod, container) : undefined
  if (labels === undefined) return undefined
  for (const label of [labels.process, labels.mounts]) if (!(await files.knowsLabel(label))) throw new Fault('unsupported', `the policy of SELinux on this node does not know the label ${label}`)
  return labels.mounts
}
