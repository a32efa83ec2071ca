/** Names definitions, establishes them, and empties those that are deleted before it lets them go. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { CustomResourceDefinition } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { isTerminating, nameOf, namespaceOf, uidOf, type KubeObject } from '../../../shared/model/meta.ts'
import { customResourceDefinitions, type Resource } from '../../../shared/model/resources.ts'
import type { Informer } from '../../informers/port.ts'
import { CLEANUP_FINALIZER } from '../../registry/custom-resource-definition.ts'
import { isEstablished } from '../../registry/validation/custom-resource-definition/definition.ts'
import { ignoreMissing } from '../answers.ts'
import { again, done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { namedStatus, terminatingStatus } from './plan.ts'

/** How soon the objects of a definition that is going are looked at again. */
const LOOK_AGAIN_MS = 500

export function createCustomResourcesController(parts: ControllerParts): Controller {
  const definitions = parts.informers.for(customResourceDefinitions)
  return {
    name: 'customresources',
    // One at a time: two must not take the same name.
    workers: 1,
    start: (enqueue) => startFollowing(definitions, enqueue),
    reconcile: (name) => reconcile(parts, definitions, name),
  }
}

/** A name that becomes free is free for all of the group. */
const startFollowing = (definitions: Informer<CustomResourceDefinition>, enqueue: Enqueue): (() => void) =>
  definitions.subscribe(({ key, before, after }) => {
    enqueue(key)
    const group = (after ?? before)?.spec.group
    if (before && after && deepEqual(before.status?.acceptedNames, after.status?.acceptedNames)) return
    for (const other of definitions.list()) if (other.spec.group === group && nameOf(other) !== key) enqueue(nameOf(other))
  })

async function reconcile(parts: ControllerParts, definitions: Informer<CustomResourceDefinition>, name: string): Promise<Outcome> {
  const definition = await parts.client.get(customResourceDefinitions, { name }).catch(ignoreMissing)
  if (!definition) return done
  if (isTerminating(definition)) return finish(parts, definition)
  const group = [...definitions.list()].filter(({ spec }) => spec.group === definition.spec.group)
  await writeStatus(parts, definition, namedStatus(definition, [...group.filter((one) => nameOf(one) !== name), definition], parts.clock.nowMs()))
  return done
}

async function writeStatus(parts: ControllerParts, definition: CustomResourceDefinition, status: NonNullable<CustomResourceDefinition['status']>): Promise<void> {
  if (!deepEqual(definition.status, status)) await parts.client.update(customResourceDefinitions, { ...definition, status }, { subresource: 'status' })
}

async function finish(parts: ControllerParts, definition: CustomResourceDefinition): Promise<Outcome> {
  const { finalizers = [] } = definition.metadata
  if (!finalizers.includes(CLEANUP_FINALIZER)) return done
  if (isEstablished(definition) && !(await emptied(parts, definition))) {
    await writeStatus(parts, definition, terminatingStatus(definition, parts.clock.nowMs()))
    return again(LOOK_AGAIN_MS)
  }
  const rest = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER)
  await parts.client.update(customResourceDefinitions, { ...definition, metadata: { ...definition.metadata, finalizers: rest } }).catch(ignoreMissing)
  return done
}

/** Tells every object of the definition to go; whether none is left. */
async function emptied(parts: ControllerParts, definition: CustomResourceDefinition): Promise<boolean> {
  const resource = resourceOf(definition)
  if (!resource) return true
  const objects = await listed(parts, resource)
  for (const object of objects) await remove(parts, resource, object)
  return objects.length === 0 || (await listed(parts, resource)).length === 0
}

const listed = async (parts: ControllerParts, resource: Resource): Promise<readonly KubeObject[]> => (await parts.client.list(resource)).items

async function remove(parts: ControllerParts, resource: Resource, object: KubeObject): Promise<void> {
  if (isTerminating(object)) return
  const at = { namespace: namespaceOf(object), name: nameOf(object) }
  await parts.client.delete(resource, at, { propagationPolicy: 'Background', preconditions: { uid: uidOf(object) } }).catch((error: unknown) => {
    if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error
  })
}

/** Any version that is served shows every object. */
function resourceOf({ spec, status }: CustomResourceDefinition): Resource | undefined {
  const version = spec.versions.find(({ served, storage }) => served && storage) ?? spec.versions.find(({ served }) => served)
  return version && { group: spec.group, version: version.name, plural: spec.names.plural, kind: status?.acceptedNames?.kind ?? spec.names.kind, namespaced: spec.scope === 'Namespaced' }
}
