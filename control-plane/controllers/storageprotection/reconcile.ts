/** Claims, volumes and classes of volume attributes that are to go are let go when nobody uses them any more. */
import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '../../../shared/model/gen/api.ts'
import { isTerminating, keyOf, namespaceOf, splitKey, type KubeObject } from '../../../shared/model/meta.ts'
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses, type Resource } from '../../../shared/model/resources.ts'
import type { Informer } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { BY_NAMESPACE, byNamespace } from '../ownership/indexes.ts'
import { isAttributesClassUsed, isClaimUsed, isVolumeUsed, unprotected } from './plan.ts'

const CLAIM = 'claim:'
const VOLUME = 'volume:'
const CLASS = 'class:'

export function createStorageProtectionController(parts: ControllerParts): Controller {
  const worker = new StorageProtectionWorker(parts)
  return { name: 'storageprotection', workers: 2, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class StorageProtectionWorker {
  readonly #parts: ControllerParts
  readonly #pods: Informer<Pod>
  readonly #claims: Informer<PersistentVolumeClaim>
  readonly #volumes: Informer<PersistentVolume>
  readonly #classes: Informer<VolumeAttributesClass>

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#pods = parts.informers.for(pods)
    this.#pods.addIndex(BY_NAMESPACE, byNamespace)
    this.#claims = parts.informers.for(persistentVolumeClaims)
    this.#volumes = parts.informers.for(persistentVolumes)
    this.#classes = parts.informers.for(volumeAttributesClasses)
  }

  start(enqueue: Enqueue): () => void {
    const wakeClasses = (): void => {
      for (const one of this.#classes.list()) if (isTerminating(one)) enqueue(`${CLASS}${keyOf(one)}`)
    }
    const stops = [
      this.#claims.subscribe(({ key, after }) => {
        if (after && isTerminating(after)) enqueue(`${CLAIM}${key}`)
        wakeClasses()
      }),
      this.#volumes.subscribe(({ key, after }) => {
        if (after && isTerminating(after)) enqueue(`${VOLUME}${key}`)
        wakeClasses()
      }),
      this.#classes.subscribe(({ key, after }) => after && isTerminating(after) && enqueue(`${CLASS}${key}`)),
      this.#pods.subscribe(({ before, after }) => {
        if (before && !after) for (const volume of before.spec?.volumes ?? []) enqueue(`${CLAIM}${namespaceOf(before)}/${volume.persistentVolumeClaim?.claimName ?? `${before.metadata.name}-${volume.name}`}`)
      }),
    ]
    return () => stops.forEach((stop) => stop())
  }

  async reconcile(key: string): Promise<Outcome> {
    const name = key.slice(key.indexOf(':') + 1)
    if (key.startsWith(CLAIM)) await this.#claim(name)
    else if (key.startsWith(VOLUME)) await this.#volume(name)
    else await this.#class(name)
    return done
  }

  async #claim(key: string): Promise<void> {
    const claim = this.#claims.get(key)
    const next = claim && unprotected(claim, 'kubernetes.io/pvc-protection')
    if (!claim || !next || isClaimUsed(claim, this.#pods.byIndex(BY_NAMESPACE, namespaceOf(claim)))) return
    // A pod may have been bound that the informer does not show yet.
    const fresh = await this.#parts.client.list(pods, { namespace: splitKey(key).namespace })
    if (!isClaimUsed(claim, fresh.items)) await this.#update(persistentVolumeClaims, next)
  }

  async #volume(key: string): Promise<void> {
    const volume = this.#volumes.get(key)
    const next = volume && unprotected(volume, 'kubernetes.io/pv-protection')
    if (volume && next && !isVolumeUsed(volume)) await this.#update(persistentVolumes, next)
  }

  async #class(key: string): Promise<void> {
    const found = this.#classes.get(key)
    const next = found && unprotected(found, 'kubernetes.io/vac-protection')
    if (found && next && !isAttributesClassUsed(found, this.#claims.list(), this.#volumes.list())) await this.#update(volumeAttributesClasses, next)
  }

  async #update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<void> {
    await this.#parts.client.update(resource, object).catch(ignoreMissing)
  }
}
