import { isJsonObject } from '../../../shared/model/json.ts'
import { notFound } from '../status.ts'
import { metadataOf } from '../core/stored.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { findObject, namespacesResource, type AdmissionSources } from './sources.ts'

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])

/** Nothing is made in a namespace that is not there or is going; three namespaces never go. */
export function namespaceLifecycle(sources: AdmissionSources): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    async mutate(request) {
      if (request.store.definition.namespaced) await checkNamespaceOf(sources, request)
      return request.object
    },
    validate(request) {
      if (request.operation === 'DELETE' && isCore(request, 'namespaces') && IMMORTAL.has(request.name)) throw forbid(request, 'this namespace may not be deleted')
    },
  }
}

async function checkNamespaceOf(sources: AdmissionSources, request: AdmissionRequest): Promise<void> {
  const { namespace: name, operation, call } = request
  const namespace = await findObject(sources, namespacesResource, { namespace: '', name, signal: call.signal })
  if (!namespace) throw notFound({ group: '', name: 'namespaces' }, name)
  const { status } = namespace
  const phase = isJsonObject(status) ? status['phase'] : undefined
  if (operation !== 'CREATE' || (phase !== 'Terminating' && metadataOf(namespace)['deletionTimestamp'] === undefined)) return
  throw forbid(request, `unable to create new content in namespace ${name} because it is being terminated`, [
    { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' },
  ])
}
