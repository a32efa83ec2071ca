/** Who belongs to whom: what a controller adopts and what it lets go. PURE. */
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import type { LabelSelector } from '../../../shared/model/gen/api.ts'
import { controllerOf, isTerminating, uidOf, type KubeObject } from '../../../shared/model/meta.ts'

export interface Claims<T> {
  /** Its own, selected by its selector. */
  readonly own: readonly T[]
  /** Selected and nobody's: to be adopted. */
  readonly adopt: readonly T[]
  /** Its own, but no longer selected. */
  readonly release: readonly T[]
}

/** @param candidates objects in the owner's namespace that it controls, and those that nobody controls. */
export function planClaims<T extends KubeObject>(owner: KubeObject, selector: LabelSelector | undefined, candidates: readonly T[]): Claims<T> {
  const own: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  for (const object of candidates) {
    const controller = controllerOf(object)
    const isSelected = matchesSelector(selector, object.metadata.labels)
    if (controller) {
      if (controller.uid !== uidOf(owner)) continue
      if (isSelected) own.push(object)
      else if (!isTerminating(owner)) release.push(object)
    } else if (isSelected && !isTerminating(owner) && !isTerminating(object)) adopt.push(object)
  }
  return { own, adopt, release }
}
