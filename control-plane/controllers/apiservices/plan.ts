/** Which API services stand for the versions of custom resources. PURE. */
import type { APIService, CustomResourceDefinition } from '../../../shared/model/gen/api.ts'

export const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged'

/** Behind all that is built in; versions of one priority are ordered by their names. */
const GROUP_PRIORITY = 1000
const VERSION_PRIORITY = 100

/** `v1.example.com`, for each version that is served. */
export const servicesOf = ({ spec }: CustomResourceDefinition): readonly string[] => spec.versions.filter(({ served }) => served).map(({ name }) => `${name}.${spec.group}`)

/** As it shall be; `undefined`: no definition serves such a version. */
export function wantedService(name: string, definitions: Iterable<CustomResourceDefinition>): APIService | undefined {
  for (const definition of definitions) {
    if (!servicesOf(definition).includes(name)) continue
    const { group } = definition.spec
    const version = name.slice(0, -group.length - 1)
    return { metadata: { name, labels: { [AUTOMANAGED]: 'true' } }, spec: { group, version, groupPriorityMinimum: GROUP_PRIORITY, versionPriority: VERSION_PRIORITY } }
  }
  return undefined
}

/** Made for a definition, not by somebody and not with the cluster. */
export const isAutomanaged = ({ metadata }: APIService): boolean => metadata.labels?.[AUTOMANAGED] === 'true'
