/** What all versions of a definition say alike stands above them, as Kubernetes holds it; errors name it there. */
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from '../../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../../shared/model/json.ts'
import type { PropsSchema } from '../../../../shared/model/structural/schema.ts'

const PARTS = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const
type Part = (typeof PARTS)[number]

/** Parts of a definition, of one version or of all. */
export type Parts = Pick<CustomResourceDefinitionVersion, Part>

export interface Hoisted {
  readonly shared: Parts
  /** In order, each without what is shared. */
  readonly versions: readonly CustomResourceDefinitionVersion[]
}

export function hoisted({ versions = [] }: Partial<CustomResourceDefinitionSpec>): Hoisted {
  const [first, ...others] = versions
  const alike = PARTS.filter((part) => first?.[part] !== undefined && others.every((one) => deepEqual(one[part], first[part])))
  const shared = Object.fromEntries(alike.map((part) => [part, first?.[part]])) as Parts
  return { shared, versions: versions.map((one) => Object.fromEntries(Object.entries(one).filter(([key]) => !alike.includes(key as Part))) as unknown as CustomResourceDefinitionVersion) }
}

export const schemaOf = ({ schema }: Parts): PropsSchema | undefined => schema?.openAPIV3Schema as unknown as PropsSchema | undefined

export interface PlacedSchema {
  readonly path: string
  readonly schema: PropsSchema
  readonly hasStatus: boolean
}

/** Every schema of the definition with the path that errors name. */
export function placedSchemas(spec: Partial<CustomResourceDefinitionSpec>): readonly PlacedSchema[] {
  const { shared, versions } = hoisted(spec)
  const hasStatus = (parts: Parts): boolean => (parts.subresources ?? shared.subresources)?.status !== undefined
  const all = schemaOf(shared)
  const own = versions.flatMap((version, index) => {
    const schema = schemaOf(version)
    return schema ? [{ path: `spec.versions[${index}].schema.openAPIV3Schema`, schema, hasStatus: hasStatus(version) }] : []
  })
  return [...own, ...(all ? [{ path: 'spec.validation.openAPIV3Schema', schema: all, hasStatus: hasStatus(shared) || versions.some(hasStatus) }] : [])]
}
