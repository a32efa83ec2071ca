/** A server over memory storage that holds the example of every kind that clients write, in the namespace `x`. */
import { startTestServer, type TestServer } from '../../control-plane/apiserver/core/testing.ts'
import type { KindDefinition } from '../../control-plane/registry/kind.ts'
import { kinds } from '../../control-plane/registry/registry.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { exampleOf } from './examples.ts'

/** The kinds that clients create and change. */
export const written = kinds.filter(({ verbs }) => verbs.includes('create') && verbs.includes('patch'))

/** The path of the kind's objects in the namespace `x`. */
export const collectionOf = ({ group, version, namespaced, plural }: KindDefinition): string => `${group === '' ? '/api' : `/apis/${group}`}/${version}/${namespaced ? 'namespaces/x/' : ''}${plural}`

/** Of the kind's example; `undefined` where there is none. */
export function nameOfExample(definition: KindDefinition): string | undefined {
  const metadata = exampleOf(definition)?.object['metadata'] as JsonObject | undefined
  return metadata && String(metadata['name'])
}

/** Throws where an example is refused. */
export async function startServerOfExamples(): Promise<TestServer> {
  const server = await startTestServer()
  for (const definition of written) {
    const example = exampleOf(definition)
    if (!example) continue
    const { status, body } = await server.ask(`POST ${collectionOf(definition)}`, example.object, { 'content-type': 'application/json' })
    if (status !== 201) throw new Error(`the example of ${definition.plural} is answered with ${status}: ${String(body['message'])}`)
  }
  return server
}
