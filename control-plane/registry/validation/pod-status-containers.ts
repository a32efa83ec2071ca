/** What a node may say of the containers of a pod beyond how they run: as whom, and on which devices. */
import { duplicate, type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { Container, ContainerStatus, LinuxContainerUser, Pod, ResourceStatus } from '../../../shared/model/gen/api.ts'
import { groupIdProblems, userIdProblems } from '../../../shared/model/validation/numbers.ts'
import { amountsOf } from '../resource-list.ts'
import { each, objections, oneOf } from './check.ts'

const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

export function validateContainerStatuses({ spec, status }: Pod): readonly FieldError[] {
  const system = spec?.os?.name ?? 'linux'
  const users = lists.flatMap((list) => each(status?.[list], `status.${list}`, ({ user }, at) => (user?.linux ? validateUser(user.linux, `${at}.linux`, system) : [])))
  return [
    ...users,
    ...validateDevices(status?.containerStatuses, 'status.containerStatuses', spec?.containers),
    ...validateDevices(status?.initContainerStatuses, 'status.initContainerStatuses', spec?.initContainers),
    ...each(status?.ephemeralContainerStatuses, 'status.ephemeralContainerStatuses', ({ allocatedResourcesStatus }, at) =>
      allocatedResourcesStatus?.length ? [forbidden(`${at}.allocatedResourcesStatus`, 'must not be specified in container status')] : [],
    ),
  ]
}

function validateUser({ uid, gid, supplementalGroups }: LinuxContainerUser, path: string, system: string): readonly FieldError[] {
  if (system === 'windows') return [forbidden(path, 'cannot be set for a windows pod')]
  return [
    ...objections(`${path}.uid`, uid, userIdProblems(uid)),
    ...objections(`${path}.gid`, gid, groupIdProblems(gid)),
    ...each(supplementalGroups, `${path}.supplementalGroups`, (group, at) => objections(at, group, groupIdProblems(group))),
  ]
}

/** Devices are told of by the resource or the claim that brought them. A status of a container that is not there is let be. */
const validateDevices = (statuses: readonly ContainerStatus[] | undefined, path: string, containers: readonly Container[] | undefined): readonly FieldError[] =>
  each(statuses, path, (status, at) => {
    const container = containers?.find((one) => one.name === status.name)
    return each(status.allocatedResourcesStatus, `${at}.allocatedResourcesStatus`, (resource, resourceAt) => [
      ...(container ? validateResource(resource.name, `${resourceAt}.name`, container) : []),
      ...validateHealth(resource, `${resourceAt}.resources`),
    ])
  })

function validateResource(name: string, field: string, { resources }: Container): readonly FieldError[] {
  if (!name.startsWith('claim:')) return amountsOf(resources?.requests)[name] === undefined ? [invalid(field, name, "must match one of the container's resource requests")] : []
  const isClaimed = resources?.claims?.some((claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}` === name)
  return isClaimed ? [] : [invalid(field, name, "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty")]
}

function validateHealth({ resources }: ResourceStatus, path: string): readonly FieldError[] {
  const seen = new Set<string>()
  return each(resources, path, ({ health, resourceID }, at) => {
    const repeated = seen.has(resourceID) ? [duplicate(`${at}.resourceID`, resourceID)] : []
    seen.add(resourceID)
    return [...oneOf(`${at}.health`, health, ['Healthy', 'Unhealthy', 'Unknown']), ...repeated]
  })
}
