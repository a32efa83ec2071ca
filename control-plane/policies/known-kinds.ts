/** The kinds whose fields are known: those that are built in, and those of definitions. */
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import { typeOf } from '../../shared/model/schemas/types.ts'
import { celTypeOf } from '../cel/kind-types.ts'
import { objectType } from '../cel/schema-types.ts'
import { type CelType, STRING } from '../cel/types.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { servedKinds } from '../registry/registry.ts'
import type { KnownKind } from './type-check.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** Those that are built in go first. */
export const knownKinds = (definitions: readonly CustomResourceDefinition[]): readonly KnownKind[] => [...servedKinds.map(builtIn), ...definitions.flatMap(customKinds)]

const builtIn = ({ group, version, kind, plural, schema }: KindDefinition): KnownKind => ({ group, version, kind, resource: plural, type: () => celTypeOf(typeOf(schema)) })

function customKinds({ spec }: CustomResourceDefinition): readonly KnownKind[] {
  const { group, names, versions } = spec
  return versions.filter(({ served }) => served).map((version) => ({
    group,
    version: version.name,
    kind: names.kind,
    resource: names.plural,
    type() {
      const schema = version.schema?.openAPIV3Schema
      return schema && wholeType(schema as PropsSchema)
    },
  }))
}

function wholeType(schema: PropsSchema): CelType | undefined {
  const type = objectType(schema)
  if (type?.kind !== 'object') return undefined
  return { ...type, fields: new Map([...type.fields, ['apiVersion', STRING], ['kind', STRING], ['metadata', celTypeOf(typeOf(META))]]) }
}
