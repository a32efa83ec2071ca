import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { Container, Pod, PodSchedulingGate, PodSpec, Toleration } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { inclusiveRange } from '../../../shared/model/validation/numbers.ts'
import { podSpecDiff } from '../printed/spec-diff.ts'
import { each } from './check.ts'
import { validateTrimmedImage } from './containers.ts'
import { validateGatedChange } from './pod-gated.ts'
import { restored } from './restored.ts'
import { validateTolerations } from './scheduling.ts'

const DEADLINE_MAX_SECONDS = 2_147_483_647

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

/** What may change in a pod that is there: images, a shorter deadline, more tolerations, fewer gates; and for a gated pod where it may run. */
export function validateSpecChange(pod: Pod, old: Pod): readonly FieldError[] {
  const spec = pod.spec ?? { containers: [] }
  const before = old.spec ?? { containers: [] }
  const errors: FieldError[] = []
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list]?.length ?? 0) !== (before[list]?.length ?? 0)) return [...errors, forbidden(`spec.${list}`, 'pod updates may not add or remove containers')]
    errors.push(...each(spec[list], `spec.${list}`, (container, at) => [...(container.image ? [] : [required(`${at}.image`)]), ...validateTrimmedImage(container, at)]))
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds)
  errors.push(...deadline.errors)
  if (deadline.stop) return errors
  errors.push(...validateAddedTolerations(spec.tolerations, before.tolerations), ...validateRemovedGates(spec.schedulingGates, before.schedulingGates))
  if (deepEqual(spec, before)) return errors
  const { spec: rest, errors: gated } = validateGatedChange(withChangeable(spec, before), before)
  errors.push(...gated)
  return deepEqual(rest, before) ? errors : [...errors, forbidden('spec', `pod updates may not change fields other than ${changeable}\n${podSpecDiff(before, rest)}`)]
}

function validateDeadline(deadline: number | undefined, before: number | undefined): { readonly errors: readonly FieldError[]; readonly stop: boolean } {
  const field = 'spec.activeDeadlineSeconds'
  if (deadline === undefined) return { errors: before === undefined ? [] : [invalid(field, null, 'must not update from a positive integer to nil value')], stop: false }
  if (deadline < 0 || deadline > DEADLINE_MAX_SECONDS) return { errors: [invalid(field, deadline, inclusiveRange(0, DEADLINE_MAX_SECONDS))], stop: true }
  return before !== undefined && before < deadline ? { errors: [invalid(field, deadline, 'must be less than or equal to previous value')], stop: true } : { errors: [], stop: false }
}

function validateAddedTolerations(tolerations: readonly Toleration[] = [], before: readonly Toleration[] = []): readonly FieldError[] {
  const kept = before.every((one) => tolerations.some((other) => deepEqual({ ...one, tolerationSeconds: undefined }, { ...other, tolerationSeconds: undefined })))
  return kept ? validateTolerations(tolerations, 'spec.tolerations') : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

function validateRemovedGates(gates: readonly PodSchedulingGate[] | undefined, before: readonly PodSchedulingGate[] = []): readonly FieldError[] {
  const known = new Set(before.map((one) => one.name))
  return each(gates, 'spec.schedulingGates', ({ name }, at) => (known.has(name) ? [] : [forbidden(`${at}.name`, `only deletion is allowed, but found new scheduling gate '${name}'`)]))
}

/** The new spec with everything as before that was allowed to change, so that what still differs was not. */
function withChangeable(spec: PodSpec, before: PodSpec): PodSpec {
  const images = (list: readonly Container[] | undefined, old: readonly Container[] | undefined): readonly Container[] => (list ?? []).map((one, index) => restored(one, old?.[index], ['image']))
  const munged = restored(spec, before, ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'])
  const repairs = (before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
  const restoredSpec = repairs ? restored(munged, before, ['terminationGracePeriodSeconds']) : munged
  return { ...restoredSpec, containers: images(spec.containers, before.containers), ...(spec.initContainers && { initContainers: images(spec.initContainers, before.initContainers) }) }
}
