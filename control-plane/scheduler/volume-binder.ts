/** Brings about what was decided for the claims of a pod that goes to a node: volumes are promised, provisioners are told the node, and the binding is waited for. */
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../shared/model/gen/api.ts'
import { keyOf, nameOf, uidOf, type KubeObject } from '../../shared/model/meta.ts'
import { persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '../../shared/model/resources.ts'
import { isFullyBound, SELECTED_NODE } from '../../shared/model/volume-claims.ts'
import { boundVolume, classOfVolume, isReachable, type NamedNode } from '../../shared/model/volume-matching.ts'
import type { ApiClient } from '../client/port.ts'
import type { Informer, Informers } from '../informers/port.ts'
import type { NodeInfo } from './core/state.ts'
import { chooseVolumes, podClaims, type StorageView, type VolumeChoice } from './core/storage.ts'

/** kube-scheduler's: whoever makes a volume has so long. */
const BIND_TIMEOUT_MS = 600_000
const CLASS_INDEX = 'storage-class'
/** One function for all schedulers of a process: an index is there once. */
const byClass = (volume: PersistentVolume): readonly string[] => [classOfVolume(volume)]

export interface VolumeBinderOptions {
  readonly client: ApiClient
  readonly informers: Informers
  readonly clock: Clock
}

/** Claims and volumes, those with what was decided of them for pods that are not bound yet. */
export class VolumeBinder implements StorageView {
  readonly #client: ApiClient
  readonly #clock: Clock
  readonly #claims: Informer<PersistentVolumeClaim>
  readonly #volumes: Informer<PersistentVolume>
  readonly #classes: Informer<StorageClass>
  readonly #pods: Informer<Pod>
  readonly #assumedVolumes = new Map<string, PersistentVolume>()
  readonly #assumedClaims = new Map<string, PersistentVolumeClaim>()
  /** Those that wait for a binding: called when something changed that they may wait for. */
  readonly #waiting = new Set<(why?: Error) => void>()
  #isOver = false

  constructor({ client, informers, clock }: VolumeBinderOptions) {
    this.#client = client
    this.#clock = clock
    this.#claims = informers.for(persistentVolumeClaims)
    this.#volumes = informers.for(persistentVolumes)
    this.#classes = informers.for(storageClasses)
    this.#pods = informers.for(pods)
    this.#volumes.addIndex(CLASS_INDEX, byClass)
    const look = (): void => this.#waiting.forEach((wake) => wake())
    this.#claims.subscribe(look)
    this.#volumes.subscribe(look)
    // After a gap in the watch one of the same name may have come in its place.
    this.#pods.subscribe(({ before, after }) => before && before.metadata.uid !== after?.metadata.uid && look())
  }

  claim(key: string): PersistentVolumeClaim | undefined {
    return this.#assumedClaims.get(key) ?? this.#claims.get(key)
  }

  volume(name: string): PersistentVolume | undefined {
    return this.#assumedVolumes.get(name) ?? this.#volumes.get(name)
  }

  volumesOf(className: string): readonly PersistentVolume[] {
    const found = this.#volumes.byIndex(CLASS_INDEX, className)
    return this.#assumedVolumes.size === 0 ? found : found.map((volume) => this.#assumedVolumes.get(nameOf(volume)) ?? volume)
  }

  storageClass(name: string): StorageClass | undefined {
    return this.#classes.get(name)
  }

  /** What the pod's claims need on the node, kept from all others until {@link bind} has ended; undefined where nothing is to be done. */
  reserve(pod: Pod, node: NodeInfo): VolumeChoice | undefined {
    const claims = podClaims(pod, this)
    if (claims?.kind !== 'claims' || claims.unbound.length === 0) return undefined
    const chosen = chooseVolumes(claims, node, this)
    if (chosen.kind === 'refused') return undefined
    const bind = chosen.choice.bind.map(({ claim, volume }) => ({ claim, volume: boundVolume(volume, claim) }))
    const provision = chosen.choice.provision.map((claim) => ({ ...claim, metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [SELECTED_NODE]: node.name } } }))
    for (const { volume } of bind) this.#assumedVolumes.set(nameOf(volume), volume)
    for (const claim of provision) this.#assumedClaims.set(keyOf(claim), claim)
    return { bind, provision }
  }

  /**
   * Resolves when all claims have their volumes for good. Throws where one cannot be had any more, or the pod has gone: what was written stays, and is found by
   * whoever tries again. Throws Fault('cancelled') after {@link cancel}.
   */
  async bind(pod: Pod, choice: VolumeChoice, node: NamedNode): Promise<void> {
    try {
      const written: VolumeChoice = {
        bind: await Promise.all(choice.bind.map(async ({ claim, volume }) => ({ claim, volume: await this.#promise(volume) }))),
        provision: await Promise.all(choice.provision.map((claim) => this.#tell(claim))),
      }
      await this.#whenBound(() => this.#isBound(pod, written, node))
    } finally {
      for (const { volume } of choice.bind) this.#assumedVolumes.delete(nameOf(volume))
      for (const claim of choice.provision) this.#assumedClaims.delete(keyOf(claim))
    }
  }

  /** Who waits waits no longer, nor who would begin to: what it still writes has to come first. */
  cancel(): void {
    this.#isOver = true
    for (const wake of this.#waiting) wake(stops())
  }

  /** Compare-and-set: of two that choose it one gets it. Not where it is the claim's already. */
  async #promise(volume: PersistentVolume): Promise<PersistentVolume> {
    return this.#volumes.get(nameOf(volume)) === volume ? volume : await this.#client.update(persistentVolumes, volume)
  }

  #tell({ metadata: { namespace = '', name = '', uid, annotations } }: PersistentVolumeClaim): Promise<PersistentVolumeClaim> {
    const body = { metadata: { ...(uid !== undefined && { uid }), annotations: { [SELECTED_NODE]: annotations?.[SELECTED_NODE] ?? null } } }
    return this.#client.patch(persistentVolumeClaims, { namespace, name }, { type: 'merge', body })
  }

  #whenBound(isBound: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (why?: Error): void => {
        try {
          if (why ?? this.#isOver) throw why ?? stops()
          if (!isBound()) return
          end()
          resolve()
        } catch (error) {
          end()
          reject(error as Error)
        }
      }
      const cancel = this.#clock.after(BIND_TIMEOUT_MS, () => look(new Fault('timeout', 'timed out waiting for the condition')))
      const end = (): void => {
        cancel()
        this.#waiting.delete(look)
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** By what the informers show, once they show what was written. Throws where it cannot come true. */
  #isBound(pod: Pod, { bind, provision }: VolumeChoice, node: NamedNode): boolean {
    if (this.#pods.get(keyOf(pod))?.metadata.uid !== uidOf(pod)) throw new Fault('not-found', `pod does not exist any more: pod "${nameOf(pod)}" not found`)
    return bind.every((one) => this.#isTaken(one)) && provision.every((claim) => this.#isProvisioned(claim, node))
  }

  #isTaken({ claim, volume }: VolumeChoice['bind'][number]): boolean {
    const shown = this.#volumes.get(nameOf(volume))
    const asking = this.#claims.get(keyOf(claim))
    if (!shown || asking?.metadata.uid !== uidOf(claim)) throw new Fault('not-found', `failed to check binding: ${shown ? `persistentvolumeclaim "${nameOf(claim)}"` : `persistentvolume "${nameOf(volume)}"`} not found`)
    if (isOlder(shown, volume)) return false
    if (!shown.spec?.claimRef?.uid) throw new Fault('conflict', `ClaimRef got reset for pv "${nameOf(volume)}"`)
    return isFullyBound(asking)
  }

  #isProvisioned(claim: PersistentVolumeClaim, node: NamedNode): boolean {
    const shown = this.#claims.get(keyOf(claim))
    if (shown?.metadata.uid !== uidOf(claim)) throw new Fault('not-found', `failed to check provisioning pvc: persistentvolumeclaim "${nameOf(claim)}" not found`)
    if (isOlder(shown, claim)) return false
    // A provisioner that cannot make it takes the node back.
    if (shown.metadata.annotations?.[SELECTED_NODE] !== claim.metadata.annotations?.[SELECTED_NODE]) throw new Fault('conflict', `provisioning failed for PVC "${nameOf(claim)}"`)
    const volume = isFullyBound(shown) ? this.#volumes.get(shown.spec?.volumeName ?? '') : undefined
    if (volume && !isReachable(volume, node)) throw new Fault('conflict', `pv "${nameOf(volume)}" node affinity doesn't match node "${node.name}": no matching NodeSelectorTerms`)
    return volume !== undefined
  }
}

const stops = (): Fault => new Fault('cancelled', 'the scheduler stops')

const isOlder = (shown: KubeObject, written: KubeObject): boolean => Number(shown.metadata.resourceVersion ?? 0) < Number(written.metadata.resourceVersion ?? 0)
