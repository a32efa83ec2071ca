import { type FieldError, forbidden } from '../../../shared/model/field-error.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { ephemeralContainerDiff } from '../printed/spec-diff.ts'

/** Ephemeral containers may be added, never changed or taken away. */
export function validateEphemeralChange(pod: Pod, old: Pod): readonly FieldError[] {
  const path = 'spec.ephemeralContainers'
  return (old.spec?.ephemeralContainers ?? []).flatMap((before) => {
    const after = pod.spec?.ephemeralContainers?.findLast((one) => one.name === before.name)
    if (!after) return [forbidden(path, `existing ephemeral containers ${goQuote(before.name)} may not be removed\n`)]
    return deepEqual(before, after) ? [] : [forbidden(path, `existing ephemeral containers ${goQuote(before.name)} may not be changed\n${ephemeralContainerDiff(before, after)}`)]
  })
}
