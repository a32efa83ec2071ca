/** Brings one object to where its manifest wants it. */
import { readJson } from '../../shared/model/json.ts'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { objectName, pathOf, resourceOfKind } from '../cluster/resources.ts'
import { isNotFound, isStatusProblem, StatusProblem } from '../cluster/status-problem.ts'
import type { Manifest } from '../files/manifests.ts'
import { typeOfKind } from '../files/schemas.ts'
import { threeWayMerge, threeWayStrategic } from '../patch/three-way.ts'
import { compactJson } from '../print/json.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { dryRunOf, namespaceOf, report, withNamespace, writeQuery } from '../write/writing.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** Somebody may write in between; then it is looked at again. */
const ATTEMPTS = 5

export interface Place {
  readonly call: Call
  readonly cluster: Cluster
  readonly resource: ApiResource
  readonly path: string
  /** For messages: `deployment.apps/web`. */
  readonly name: string
  readonly file: string
}

export async function applyOne(call: Call, manifest: Manifest): Promise<void> {
  const { place, wanted } = await placeOf(call, manifest)
  if (call.flags.is('server-side')) return await applyOnServer(place, wanted)
  const modified = annotated(wanted)
  const live = await current(place)
  if (live) await patchObject(place, live, modified)
  else await createObject(place, modified)
}

/** Where the object is, and how the manifest wants it. @throws Problem for one without a name */
export async function placeOf(call: Call, { object, file }: Manifest): Promise<{ readonly place: Place; readonly wanted: ApiObject }> {
  const cluster = await call.cluster()
  const resource = await resourceOfKind(cluster, object)
  const objectsName = object.metadata?.name
  if (objectsName === undefined || objectsName === '') {
    if (object.metadata?.generateName) throw new Problem(`from ${object.metadata.generateName}: cannot use generate name with apply`)
    throw new Problem(`error when retrieving current configuration of:\nResource: "${resource.plural}", Kind: "${object.kind}" in ${file}: resource name may not be empty`)
  }
  const namespace = resource.namespaced ? namespaceOf(object, cluster) : undefined
  const wanted = withNamespace(object, namespace)
  return { place: { call, cluster, resource, path: pathOf(resource, { namespace, name: objectsName }), name: objectName(resource, objectsName), file }, wanted }
}

/** The refusal says of which file it is. */
export function fromFile(error: unknown, doing: string, file: string): unknown {
  if (!isStatusProblem(error)) return error
  return new StatusProblem({ ...error.status, message: `error when ${doing} "${file}": ${error.status.message ?? ''}` })
}

export async function current({ cluster, path, file }: Place): Promise<ApiObject | undefined> {
  try {
    return await cluster.json({ path })
  } catch (error) {
    if (isNotFound(error) && error.status.details?.name) return undefined
    throw fromFile(error, 'retrieving current configuration of', file)
  }
}

/** Without the time that generators leave empty. */
export function plain(object: ApiObject): ApiObject {
  const metadata: Record<string, unknown> = { ...object.metadata }
  if (metadata['creationTimestamp'] === null) delete metadata['creationTimestamp']
  return { ...object, metadata }
}

/** The object with itself in the annotation by which the next apply knows what was wanted. */
export function annotated(object: ApiObject): ApiObject {
  const { [LAST_APPLIED]: _old, ...annotations } = object.metadata?.annotations ?? {}
  const bare = plain({ ...object, metadata: { ...object.metadata, annotations } })
  return { ...bare, metadata: { ...bare.metadata, annotations: { ...annotations, [LAST_APPLIED]: `${compactJson(bare)}\n` } } }
}

async function createObject({ call, cluster, path, name, file }: Place, modified: ApiObject): Promise<void> {
  if (dryRunOf(call) === 'client') return await report(call, modified, { name, verb: 'created' })
  try {
    const created = await cluster.json({ method: 'POST', path: path.slice(0, path.lastIndexOf('/')), query: { ...writeQuery(call), fieldValidation: 'Strict' }, body: modified })
    await report(call, created, { name, verb: 'created' })
  } catch (error) {
    throw fromFile(error, 'creating', file)
  }
}

export function lastApplied(live: ApiObject, place: Place): ApiObject {
  const text = live.metadata?.annotations?.[LAST_APPLIED]
  if (text === undefined) {
    place.call.terminal.err(
      `Warning: resource ${place.resource.plural}/${live.metadata?.name ?? ''} is missing the ${LAST_APPLIED} annotation which is required by gantry apply. gantry apply should only be used on resources created declaratively by either gantry create --save-config or gantry apply. The missing annotation will be patched automatically.\n`,
    )
    return {}
  }
  try {
    return readJson(text) as ApiObject
  } catch {
    return {}
  }
}

async function patchObject(place: Place, live: ApiObject, modified: ApiObject): Promise<void> {
  const { call, cluster, path, name, file } = place
  const type = typeOfKind(modified as Manifest['object'])
  const original = lastApplied(live, place)
  for (let attempt = 1, now = live; ; attempt++) {
    const sides = { original, modified, current: now }
    const patch = type ? threeWayStrategic(type, sides) : threeWayMerge(sides)
    if (Object.keys(patch).length === 0) return await report(call, now, { name, verb: 'unchanged' })
    if (dryRunOf(call) === 'client') return await report(call, modified, { name, verb: 'configured' })
    try {
      const patched = await cluster.json({ method: 'PATCH', path, query: { ...writeQuery(call), fieldValidation: 'Strict' }, contentType: type ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json', body: patch })
      const same = patched.metadata?.resourceVersion === now.metadata?.resourceVersion && dryRunOf(call) === 'none'
      return await report(call, patched, { name, verb: same ? 'unchanged' : 'configured' })
    } catch (error) {
      if (isStatusProblem(error, 'Conflict') && attempt < ATTEMPTS) {
        now = await cluster.json({ path })
        continue
      }
      if (call.flags.is('force') && isStatusProblem(error)) return await replaceObject(place, modified)
      throw fromFile(error, `applying patch:\n${JSON.stringify(patch)}\nto:\nResource: "${place.resource.plural}", Name: "${live.metadata?.name ?? ''}"\nfor:`, file)
    }
  }
}

/** `--force`: what cannot be changed is made anew. */
async function replaceObject(place: Place, modified: ApiObject): Promise<void> {
  await place.cluster.json({ method: 'DELETE', path: place.path, body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' } })
  const { waitUntilGone } = await import('../delete/gone.ts')
  await waitUntilGone(place.cluster, [{ path: place.path, name: place.name, uid: undefined }], { timeoutMs: 60_000 })
  await createObject(place, modified)
}

async function applyOnServer({ call, cluster, path, name, file }: Place, object: ApiObject): Promise<void> {
  const { flags } = call
  const manager = flags.given('field-manager') ? flags.text('field-manager') : 'kubectl'
  const query = { ...writeQuery(call), fieldManager: manager, force: flags.is('force-conflicts') ? 'true' : 'false', fieldValidation: 'Strict' }
  if (dryRunOf(call) === 'client') throw new Problem('--dry-run=client doesn\'t work with --server-side (did you mean --dry-run=server instead?)')
  try {
    const applied = await cluster.json({ method: 'PATCH', path, query, contentType: 'application/apply-patch+yaml', body: plain(object) })
    await report(call, applied, { name, verb: 'serverside-applied' })
  } catch (error) {
    if (!isStatusProblem(error, 'Conflict')) throw fromFile(error, 'patching', file)
    const conflicts = new StatusProblem({ ...error.status, message: `${error.status.message ?? ''}` })
    conflicts.hint = 'Other managers own these fields. Take them over with --force-conflicts, or leave them out of the file.'
    throw conflicts
  }
}
