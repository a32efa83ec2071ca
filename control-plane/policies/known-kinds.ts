/** The kinds whose fields are known: those that are built in, and those of definitions. */
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import { typeOf } from '../../shared/model/schemas/types.ts'
import { celTypeOf } from '../cel/kind-types.ts'
import { objectType } from '../cel/schema-types.ts'
import { type CelType, STRING } from '../cel/types.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { servedKinds } from '../registry/registry.ts'
import type { CheckedKind, KnownKinds } from './type-check.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

export function knownKinds(definitions: readonly CustomResourceDefinition[]): KnownKinds {
  const custom = definitions.flatMap(customKinds)
  const apiVersionOf = ({ group, version }: Pick<CheckedKind, 'group' | 'version'>): string => (group === '' ? version : `${group}/${version}`)
  return {
    byResource: (group, version, resource) => builtIn(servedKinds.find((one) => one.group === group && one.version === version && one.plural === resource)) ?? custom.find((one) => one.group === group && one.version === version && one.resource === resource),
    byKind: (apiVersion, kind) => builtIn(servedKinds.find((one) => apiVersionOf(one) === apiVersion && one.kind === kind)) ?? custom.find((one) => apiVersionOf(one) === apiVersion && one.kind === kind),
  }
}

const builtIn = (definition: KindDefinition | undefined): CheckedKind | undefined => definition && { group: definition.group, version: definition.version, kind: definition.kind, type: celTypeOf(typeOf(definition.schema)) }

function customKinds({ spec }: CustomResourceDefinition): ReadonlyArray<CheckedKind & { readonly resource: string }> {
  return spec.versions.flatMap(({ name, served, schema }) => {
    const type = served && schema?.openAPIV3Schema ? wholeType(schema.openAPIV3Schema as PropsSchema) : undefined
    return type ? [{ group: spec.group, version: name, kind: spec.names.kind, resource: spec.names.plural, type }] : []
  })
}

function wholeType(schema: PropsSchema): CelType | undefined {
  const type = objectType(schema)
  if (type?.kind !== 'object') return undefined
  return { ...type, fields: new Map([...type.fields, ['apiVersion', STRING], ['kind', STRING], ['metadata', celTypeOf(typeOf(META))]]) }
}
