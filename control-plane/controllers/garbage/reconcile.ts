/** Removes what nobody owns any more, and lets deletions that wait for dependents go on. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { deepEqual, type Json } from '../../../shared/model/json.ts'
import { isTerminating, nameOf, namespaceOf, splitKey, uidOf, type KubeObject } from '../../../shared/model/meta.ts'
import type { Resource } from '../../../shared/model/resources.ts'
import type { CustomInformers } from '../../informers/custom.ts'
import type { Change } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'
import { OwnerGraph, type Member } from './graph.ts'
import { FOREGROUND, ORPHAN, planItem, type GarbageStep } from './plan.ts'

/** @param resources all that are stored; events are nobody's. @param custom those that come and go. */
export function createGarbageController(parts: ControllerParts, resources: readonly Resource[], custom?: CustomInformers): Controller {
  const worker = new GarbageWorker({ ...parts, custom }, resources)
  return { name: 'garbage', workers: 16, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class GarbageWorker {
  readonly #parts: ControllerParts
  readonly #graph: OwnerGraph
  #enqueue: Enqueue = () => {}

  constructor(parts: ControllerParts & { readonly custom: CustomInformers | undefined }, resources: readonly Resource[]) {
    this.#parts = parts
    this.#graph = new OwnerGraph(parts, resources)
    parts.custom?.onMember((member) => member.informer.subscribe((change) => this.#changed(member, change)))
  }

  start(enqueue: Enqueue): () => void {
    this.#enqueue = enqueue
    const stops = this.#graph.members.map((member) => member.informer.subscribe((change) => this.#changed(member, change)))
    return () => stops.forEach((stop) => stop())
  }

  #changed(member: Member, { key, before, after }: Change<KubeObject>): void {
    if (before) this.#wakeOwners(before)
    if (!after) {
      if (before) this.#gone(member, key, before)
      return
    }
    const isNews = !before || !deepEqual(before.metadata.ownerReferences, after.metadata.ownerReferences) || !deepEqual(before.metadata.finalizers, after.metadata.finalizers) || isTerminating(before) !== isTerminating(after)
    const isOfInterest = (after.metadata.ownerReferences ?? []).length > 0 || (isTerminating(after) && (after.metadata.finalizers ?? []).length > 0)
    if (isNews && isOfInterest) this.#enqueue(itemKey(member.resource, key))
  }

  #gone(member: Member, key: string, object: KubeObject): void {
    this.#graph.noteGone(member.resource, key, uidOf(object))
    this.#enqueueDependents(object)
  }

  #enqueueDependents(owner: KubeObject): void {
    for (const { resource, object } of this.#graph.dependentsOf(uidOf(owner))) this.#enqueue(itemKey(resource, keyIn(resource, object)))
  }

  /** Owners whose deletion waits may go on now. */
  #wakeOwners(object: KubeObject): void {
    for (const reference of object.metadata.ownerReferences ?? []) {
      const member = this.#graph.memberOf(reference)
      const key = member && this.#graph.ownerKey(member, object, reference)
      const owner = key === undefined ? undefined : member?.informer.get(key)
      if (member && owner && key !== undefined && isTerminating(owner)) this.#enqueue(itemKey(member.resource, key))
    }
  }

  async reconcile(key: string): Promise<Outcome> {
    const { member, objectKey } = this.#find(key)
    const shown = member?.informer.get(objectKey)
    if (!member || !shown) return done
    if ((await this.#planFor(shown)).kind === 'none') return done
    // Before anything is done the newest state decides: the informer may lag behind a change of owners.
    const live = await this.#parts.client.get(member.resource, atOf(member.resource, objectKey)).catch(ignoreMissing)
    if (live && uidOf(live) === uidOf(shown)) await this.#do(await this.#planFor(live), { resource: member.resource, item: live })
    return done
  }

  #find(key: string): { readonly member: Member | undefined; readonly objectKey: string } {
    const at = key.indexOf('|')
    const name = key.slice(0, at)
    return { member: this.#graph.members.find(({ resource }) => resourceName(resource) === name), objectKey: key.slice(at + 1) }
  }

  async #planFor(item: KubeObject): Promise<GarbageStep> {
    const references = item.metadata.ownerReferences ?? []
    const owners = isTerminating(item) ? [] : await Promise.all(references.map(async (reference) => ({ reference, state: await this.#graph.stateOf(item, reference) })))
    this.#warnOfStrangeOwners(item)
    return planItem({ item, owners, dependents: this.#graph.dependentsOf(uidOf(item)).map(({ object }) => object) })
  }

  async #do(step: GarbageStep, of: { readonly resource: Resource; readonly item: KubeObject }): Promise<void> {
    const { resource, item } = of
    switch (step.kind) {
      case 'none':
        return
      case 'orphan':
        await this.#orphanDependents(item)
        return this.#removeFinalizer(resource, item, ORPHAN)
      case 'collect-dependents':
        return this.#enqueueDependents(item)
      case 'finish':
        return this.#removeFinalizer(resource, item, FOREGROUND)
      case 'drop-owners':
        return this.#patchOwners(resource, item, step.uids.map((uid) => ({ $patch: 'delete', uid })))
      case 'delete':
        if (step.unblock.length > 0) await this.#patchOwners(resource, item, step.unblock.map((uid) => ({ uid, blockOwnerDeletion: false })))
        return this.#delete(resource, item, step)
    }
  }

  async #orphanDependents(owner: KubeObject): Promise<void> {
    const dependents = this.#graph.dependentsOf(uidOf(owner))
    await Promise.all(dependents.map(({ resource, object }) => this.#patchOwners(resource, object, [{ $patch: 'delete', uid: uidOf(owner) }])))
  }

  async #patchOwners(resource: Resource, object: KubeObject, references: readonly Json[]): Promise<void> {
    const body = { metadata: { uid: uidOf(object), ownerReferences: references } }
    await this.#parts.client.patch(resource, atOf(resource, keyIn(resource, object)), { type: 'strategic', body }).catch(ignoreGone)
  }

  async #removeFinalizer(resource: Resource, item: KubeObject, finalizer: string): Promise<void> {
    const rest = (item.metadata.finalizers ?? []).filter((one) => one !== finalizer)
    const body = { metadata: { uid: uidOf(item), resourceVersion: item.metadata.resourceVersion ?? '', finalizers: rest } }
    await this.#parts.client.patch(resource, atOf(resource, keyIn(resource, item)), { type: 'merge', body }).catch(ignoreMissing)
  }

  async #delete(resource: Resource, item: KubeObject, step: Extract<GarbageStep, { kind: 'delete' }>): Promise<void> {
    const resourceVersion = step.unblock.length > 0 ? undefined : item.metadata.resourceVersion
    const options = { propagationPolicy: step.policy, preconditions: { uid: uidOf(item), ...(resourceVersion === undefined ? {} : { resourceVersion }) } }
    await this.#parts.client.delete(resource, atOf(resource, keyIn(resource, item)), options).catch(ignoreMissing)
  }

  /** An object of no namespace cannot be owned by one that is in a namespace. */
  #warnOfStrangeOwners(item: KubeObject): void {
    if (namespaceOf(item) !== '') return
    for (const reference of item.metadata.ownerReferences ?? []) {
      const member = this.#graph.memberOf(reference)
      const own = this.#graph.members.find(({ resource }) => resource.kind === item.kind)
      if (!member?.resource.namespaced || !own) continue
      const message = `ownerRef [${reference.apiVersion}/${reference.kind}, namespace: , name: ${reference.name}, uid: ${reference.uid}] does not exist in namespace ""`
      this.#parts.events.record('garbage-collector-controller', referenceTo(own.resource, item), { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message })
    }
  }
}

const resourceName = ({ group, plural }: Resource): string => `${group}/${plural}`
const itemKey = (resource: Resource, key: string): string => `${resourceName(resource)}|${key}`
const keyIn = (resource: Resource, object: KubeObject): string => (resource.namespaced ? `${namespaceOf(object)}/${nameOf(object)}` : nameOf(object))
const atOf = (resource: Resource, key: string): { readonly namespace?: string; readonly name: string } => (resource.namespaced ? splitKey(key) : { name: key })

/** Gone, or replaced by a namesake. */
function ignoreGone(error: unknown): undefined {
  if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error
  return undefined
}
