/** `pods/NAME/binding`: the scheduler's word on where a pod runs. Compare-and-set on a pod that has no node yet. */
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { At, Call } from '../core/call.ts'
import { commitPut } from '../core/commit.ts'
import { newest } from '../core/get.ts'
import type { CoreParts } from '../core/parts.ts'
import { keyAt, type ResourceStore } from '../core/resources.ts'
import { canonical, itemOfEntry, metadataOf, metaText, withMeta, withoutRevision } from '../core/stored.ts'
import { uidMessage } from '../core/versions.ts'
import { conflict, modifiedMessage, notFound, unknownResource } from '../status.ts'

export interface Binding {
  readonly nodeName: string
  /** Of the pod that is meant; empty: whichever has the name. */
  readonly uid: string
  readonly annotations: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>> | undefined
}

const TRIES = 16
const podSubject = { group: '', name: 'pods' } as const
const bindingSubject = { group: '', name: 'pods/binding' } as const

export async function bind(parts: CoreParts, call: Call, { at, binding }: { readonly at: At; readonly binding: Binding }): Promise<void> {
  const store = parts.resources.find('', 'v1', 'pods')
  if (!store) throw unknownResource()
  const key = keyAt(store, at.namespace, at.name)
  let pod = store.cache.get(key)
  let proven = false
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (!pod || (!proven && objection(pod, at, binding))) {
      pod = await newest(parts, store, { key, signal: call.signal })
      proven = true
    }
    if (!pod) throw notFound(podSubject, at.name)
    const no = objection(pod, at, binding)
    if (no) throw no
    if (call.dryRun) return
    const stored = bound(parts, store, { pod, binding })
    const result = await commitPut(parts, call, { key, object: stored, expect: { kind: 'revision', revision: pod.revision } })
    if (result.kind === 'committed') return
    pod = result.current && itemOfEntry(result.current)
    proven = true
    if (!pod) throw notFound(podSubject, at.name)
  }
  throw conflict(bindingSubject, at.name, modifiedMessage)
}

function objection(pod: CachedObject, { name }: At, { uid }: Binding): Error | undefined {
  const has = metaText(pod.object, 'uid')
  if (uid !== '' && uid !== has) {
    return conflict(podSubject, name, uidMessage({ group: '', plural: 'pods' }, { namespace: metaText(pod.object, 'namespace'), name }, { wanted: uid, has }))
  }
  if (metadataOf(pod.object)['deletionTimestamp'] !== undefined) return conflict(bindingSubject, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  const { spec } = pod.object
  const current = isJsonObject(spec) ? (spec['nodeName'] ?? '') : ''
  if (current !== '') return conflict(bindingSubject, name, `pod ${name} is already assigned to node ${JSON.stringify(current)}`)
  const gates = isJsonObject(spec) ? spec['schedulingGates'] : undefined
  if (Array.isArray(gates) && gates.length > 0) return conflict(bindingSubject, name, `pod ${name} has non-empty .spec.schedulingGates`)
  return undefined
}

/** The pod with its node, and the condition that says so. */
function bound(parts: CoreParts, { definition, apiVersion }: ResourceStore, { pod, binding }: { readonly pod: CachedObject; readonly binding: Binding }): JsonObject {
  const object = withoutRevision(pod)
  const metadata = metadataOf(object)
  const annotations = { ...(metadata['annotations'] as JsonObject | undefined), ...binding.annotations }
  const labels = { ...(metadata['labels'] as JsonObject | undefined), ...binding.labels }
  const spec = { ...(object['spec'] as JsonObject | undefined), nodeName: binding.nodeName }
  const status = withScheduled((object['status'] as JsonObject | undefined) ?? {}, formatTime(parts.clock.nowMs()))
  const placed = withMeta(object, { ...(Object.keys(annotations).length > 0 && { annotations }), ...(Object.keys(labels).length > 0 && { labels }) })
  return canonical({ ...placed, spec, status }, definition.kind, apiVersion)
}

function withScheduled(status: JsonObject, now: string): JsonObject {
  const conditions = Array.isArray(status['conditions']) ? (status['conditions'] as readonly JsonObject[]) : []
  const old = conditions.find((condition) => condition['type'] === 'PodScheduled')
  if (old?.['status'] === 'True') return status
  const scheduled: JsonObject = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }
  return { ...status, conditions: old ? conditions.map((condition) => (condition === old ? scheduled : condition)) : [...conditions, scheduled] }
}
