/** Where `explain` finds schemas: the server's own documents, custom resources among them; what the command carries when the server has none. */
import { findSchema, schemaOfKind, type Schema } from '../../shared/model/schemas/schema.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isNotFound } from '../cluster/status-problem.ts'

export interface DescribedSchema extends Schema {
  readonly description?: string
}

export interface Schemas {
  ofKind(apiVersion: string, kind: string): DescribedSchema | undefined
  find(name: string): DescribedSchema | undefined
}

const own: Schemas = {
  ofKind(apiVersion, kind) {
    const name = schemaOfKind(apiVersion, kind)
    return name === undefined ? undefined : findSchema(name)
  },
  find: findSchema,
}

interface Document {
  readonly components?: { readonly schemas?: Readonly<Record<string, DescribedSchema>> }
}

export async function schemasOf(cluster: Cluster, apiVersion: string): Promise<Schemas> {
  try {
    const document = await cluster.json<Document>({ path: `/openapi/v3/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}` })
    const schemas = document.components?.schemas ?? {}
    const [version = '', group = ''] = apiVersion.includes('/') ? apiVersion.split('/').toReversed() : [apiVersion]
    return {
      ofKind: (_apiVersion, kind) => Object.values(schemas).find((schema) => schema['x-kubernetes-group-version-kind']?.some((id) => id.group === group && id.version === version && id.kind === kind)),
      find: (name) => schemas[name],
    }
  } catch (error) {
    if (isNotFound(error)) return own
    throw error
  }
}
