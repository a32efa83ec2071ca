import { schemaOfKind } from '../../shared/model/schemas/schema.ts'
import { typeOf, type Type } from '../../shared/model/schemas/types.ts'

/** The type of a built-in kind; `undefined` for a custom resource. */
export function typeOfKind({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Type | undefined {
  const name = schemaOfKind(apiVersion, kind)
  return name === undefined ? undefined : typeOf(name)
}
