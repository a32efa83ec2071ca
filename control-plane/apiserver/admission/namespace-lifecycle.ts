import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { notFound } from '../status.ts'
import { metadataOf } from '../core/stored.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { cachedObject, findObject, namespacesResource, type AdmissionSources } from './sources.ts'

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])

/** Nothing is made in a namespace that is not there or is going; three namespaces never go. */
export function namespaceLifecycle(sources: AdmissionSources): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    // Evictions, bindings and tokens are made in a namespace, too.
    anyKind: true,
    mutate(request) {
      if (!request.store.definition.namespaced || request.operation === 'CONNECT') return request.object
      const namespace = cachedObject(sources, namespacesResource, { namespace: '', name: request.namespace })
      if (namespace === undefined) return afterAsking(sources, request)
      checkNamespaceOf(namespace, request)
      return request.object
    },
    validate(request) {
      if (request.operation === 'DELETE' && isCore(request, 'namespaces') && IMMORTAL.has(request.name)) throw forbid(request, 'this namespace may not be deleted')
    },
  }
}

/** The cache may not have it yet. */
async function afterAsking(sources: AdmissionSources, request: AdmissionRequest): Promise<JsonObject> {
  const { namespace: name, call, object } = request
  const namespace = await findObject(sources, namespacesResource, { namespace: '', name, signal: call.signal })
  if (!namespace) throw notFound({ group: '', name: 'namespaces' }, name)
  checkNamespaceOf(namespace, request)
  return object
}

function checkNamespaceOf(namespace: JsonObject, request: AdmissionRequest): void {
  const { namespace: name, operation } = request
  const { status } = namespace
  const phase = isJsonObject(status) ? status['phase'] : undefined
  if (operation !== 'CREATE' || (phase !== 'Terminating' && metadataOf(namespace)['deletionTimestamp'] === undefined)) return
  throw forbid(request, `unable to create new content in namespace ${name} because it is being terminated`, [
    { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' },
  ])
}
