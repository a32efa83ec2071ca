/** Binds claims and volumes to each other, and says how they are. Making volumes is left to external provisioners. */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { isTerminating, keyOf, uidOf } from '../../../shared/model/meta.ts'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '../../../shared/model/resources.ts'
import { boundVolume } from '../../../shared/model/volume-matching.ts'
import type { Informer } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts, type Enqueue, type Outcome } from '../controller.ts'
import { referenceTo } from '../events/recorder.ts'
import { OwnWrites } from '../own-writes.ts'
import { boundClaim, boundStatus, isBindCompleted, planClaim, planVolume, type Told } from './plan.ts'

const COMPONENT = 'persistentvolume-controller'
const CLAIM = 'claim:'
const VOLUME = 'volume:'

export function createPersistentVolumeController(parts: ControllerParts): Controller {
  const worker = new PersistentVolumeWorker(parts)
  // One after the other: two claims must not choose the same volume.
  return { name: 'persistentvolume', workers: 1, start: (enqueue) => worker.start(enqueue), reconcile: (key) => worker.reconcile(key) }
}

class PersistentVolumeWorker {
  readonly #parts: ControllerParts
  readonly #claimInformer: Informer<PersistentVolumeClaim>
  readonly #volumeInformer: Informer<PersistentVolume>
  readonly #classes: Informer<StorageClass>
  readonly #claims: OwnWrites<PersistentVolumeClaim>
  readonly #volumes: OwnWrites<PersistentVolume>
  #enqueue: Enqueue = () => {}

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#claimInformer = parts.informers.for(persistentVolumeClaims)
    this.#volumeInformer = parts.informers.for(persistentVolumes)
    this.#classes = parts.informers.for(storageClasses)
    this.#claims = new OwnWrites(this.#claimInformer)
    this.#volumes = new OwnWrites(this.#volumeInformer)
  }

  start(enqueue: Enqueue): () => void {
    this.#enqueue = enqueue
    const stops = [
      this.#claimInformer.subscribe(({ key, before, after }) => {
        enqueue(`${CLAIM}${key}`)
        const volume = (after ?? before)?.spec?.volumeName
        if (volume) enqueue(`${VOLUME}${volume}`)
      }),
      this.#volumeInformer.subscribe(({ key, before, after }) => {
        enqueue(`${VOLUME}${key}`)
        const owner = (after ?? before)?.spec?.claimRef
        if (owner) enqueue(`${CLAIM}${owner.namespace}/${owner.name}`)
        if (!before || !after || before.status?.phase !== after.status?.phase || !deepEqual(before.spec, after.spec)) this.#wakeWaiting()
      }),
      this.#classes.subscribe(() => this.#wakeWaiting()),
    ]
    return () => stops.forEach((stop) => stop())
  }

  #wakeWaiting(): void {
    for (const claim of this.#claimInformer.list()) if (!isBindCompleted(claim)) this.#enqueue(`${CLAIM}${keyOf(claim)}`)
  }

  async reconcile(key: string): Promise<Outcome> {
    await (key.startsWith(CLAIM) ? this.#syncClaim(key.slice(CLAIM.length)) : this.#syncVolume(key.slice(VOLUME.length)))
    return done
  }

  async #syncClaim(key: string): Promise<void> {
    const claim = this.#claims.get(key)
    if (!claim || (isTerminating(claim) && !isBindCompleted(claim))) return
    const step = planClaim({ claim, volumes: this.#allVolumes(), volumeOf: (name) => this.#volumes.get(name), classes: [...this.#classes.list()] })
    switch (step.kind) {
      case 'bind':
        return this.#bind(claim, step.volume)
      case 'assign-class':
        return this.#claims.wrote(await this.#parts.client.update(persistentVolumeClaims, { ...claim, spec: { ...claim.spec, storageClassName: step.name } }))
      case 'lost':
        if (claim.status?.phase === 'Lost') return
        await this.#setStatus(claim, { phase: 'Lost' })
        return this.#tell(claim, step.told)
      case 'provision':
        if (step.claim !== claim) this.#claims.wrote(await this.#parts.client.update(persistentVolumeClaims, step.claim))
        return this.#tell(claim, step.told)
      case 'wait':
        if (claim.status?.phase !== 'Pending') await this.#setStatus(claim, { ...claim.status, phase: 'Pending' })
        if (step.told) this.#tell(claim, step.told)
    }
  }

  /** What this controller has just written counts already. */
  #allVolumes(): readonly PersistentVolume[] {
    return [...this.#volumeInformer.list()].flatMap((volume) => this.#volumes.get(keyOf(volume)) ?? [])
  }

  /** The volume is promised first, then the claim gets it: whoever dies in between is continued from what stands there. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { client } = this.#parts
    const promised = boundVolume(volume, claim)
    const taken = promised === volume ? volume : await client.update(persistentVolumes, promised)
    this.#volumes.wrote(taken)
    await this.#setPhase(taken, 'Bound')
    const wanted = boundClaim(claim, taken)
    const bound = wanted === claim ? claim : await client.update(persistentVolumeClaims, wanted)
    this.#claims.wrote(bound)
    await this.#setStatus(bound, boundStatus(bound, taken))
  }

  async #setStatus(claim: PersistentVolumeClaim, status: PersistentVolumeClaim['status']): Promise<void> {
    if (deepEqual(claim.status ?? {}, status ?? {})) return
    this.#claims.wrote(await this.#parts.client.update(persistentVolumeClaims, { ...claim, status }, { subresource: 'status' }))
  }

  /** Answers the volume as it is then. */
  async #setPhase(volume: PersistentVolume, phase: string): Promise<PersistentVolume> {
    if (volume.status?.phase === phase) return volume
    // Why it failed before says nothing of it any more.
    const { message: _message, ...status } = volume.status ?? {}
    const written = await this.#parts.client.update(persistentVolumes, { ...volume, status: { ...status, phase } }, { subresource: 'status' })
    this.#volumes.wrote(written)
    return written
  }

  /** The claim that a volume says it is of. What the informer does not show may not be there yet: before a volume is given up the API server is asked. */
  async #claimOf({ spec, status }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { namespace, name, uid } = spec?.claimRef ?? {}
    if (!name) return undefined
    const shown = this.#claims.get(`${namespace}/${name}`)
    if (!uid || shown?.metadata.uid === uid || status?.phase === 'Released' || status?.phase === 'Failed') return shown
    return await this.#parts.client.get(persistentVolumeClaims, { namespace, name }).catch(ignoreMissing)
  }

  async #syncVolume(name: string): Promise<void> {
    const volume = this.#volumes.get(name)
    if (!volume) return
    const claim = await this.#claimOf(volume)
    const step = planVolume(volume, () => claim)
    if (step.claim !== undefined) this.#enqueue(`${CLAIM}${step.claim}`)
    const current = step.released ? await this.#parts.client.update(persistentVolumes, step.released) : volume
    if (step.phase === 'Failed') return this.#fail(current, step.told)
    const { metadata } = step.phase === undefined ? current : await this.#setPhase(current, step.phase)
    // Only as it was looked at: it may be one to retain by now.
    if (step.remove) await this.#parts.client.delete(persistentVolumes, { name }, { preconditions: { uid: uidOf(volume), resourceVersion: metadata.resourceVersion } }).catch(ignoreMissing)
  }

  /** Told once: it stays as it is until somebody does something about it. */
  async #fail(volume: PersistentVolume, told: Told | undefined): Promise<void> {
    const message = told?.message
    if (!told || volume.status?.phase === 'Failed') return
    this.#volumes.wrote(await this.#parts.client.update(persistentVolumes, { ...volume, status: { ...volume.status, phase: 'Failed', message } }, { subresource: 'status' }))
    this.#parts.events.record(COMPONENT, referenceTo(persistentVolumes, volume), told)
  }

  #tell(claim: PersistentVolumeClaim, told: Told): void {
    this.#parts.events.record(COMPONENT, referenceTo(persistentVolumeClaims, claim), told)
  }
}
