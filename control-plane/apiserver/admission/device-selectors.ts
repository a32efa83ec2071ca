/** The expressions by which devices are chosen are read when they are written: by code that is loaded when the first of them is. */
import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { DeviceClaim, DeviceClass, DeviceSelector, ResourceClaimTemplate, ResourceV1ResourceClaim } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { deepEqual, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import { LONGEST_SELECTOR } from '../../registry/validation/device-claim.ts'

/** Kinds with selectors of devices, with those judged too; every other kind as it is. */
export function withSelectorErrors(kind: KindDefinition): KindDefinition {
  const placedIn = kind.group === 'resource.k8s.io' ? places[kind.kind] : undefined
  if (!placedIn) return kind
  return {
    ...kind,
    async laterFindings(object, old, { found }) {
      const placed = placedIn(object)
      // What was accepted once is not read again.
      const isNew = placed.length > 0 && !(old && deepEqual(placed as unknown as Json, placedIn(old) as unknown as Json))
      return { errors: isNew ? [...found, ...(await errorsOf(placed))] : found, warnings: [] }
    },
  }
}

interface Placed {
  readonly text: string
  readonly field: string
}

type Places = (object: JsonObject) => readonly Placed[]

const selectorsAt = (selectors: readonly DeviceSelector[] | undefined, path: string): readonly Placed[] =>
  (selectors ?? []).flatMap(({ cel }, index) => (cel && byteLength(cel.expression) <= LONGEST_SELECTOR ? [{ text: cel.expression, field: `${path}.selectors[${index}].cel.expression` }] : []))

const inClaim = (claim: DeviceClaim | undefined, path: string): readonly Placed[] =>
  (claim?.requests ?? []).flatMap(({ exactly, firstAvailable }, index) => {
    const at = `${path}.requests[${index}]`
    return [...selectorsAt(exactly?.selectors, `${at}.exactly`), ...(firstAvailable ?? []).flatMap(({ selectors }, place) => selectorsAt(selectors, `${at}.firstAvailable[${place}]`))]
  })

const places: Readonly<Record<string, Places>> = {
  DeviceClass: (object) => selectorsAt((object as unknown as DeviceClass).spec?.selectors, 'spec'),
  ResourceClaim: (object) => inClaim((object as unknown as ResourceV1ResourceClaim).spec?.devices, 'spec.devices'),
  ResourceClaimTemplate: (object) => inClaim((object as unknown as ResourceClaimTemplate).spec?.spec?.devices, 'spec.spec.devices'),
}

/** What evaluating may cost at most. */
const MOST_COST = 1_000_000
/** A name for a part of an expression is not known here; what uses one is taken as it is. */
const NAMES_PARTS = /\bcel\s*\.\s*bind\b/

async function errorsOf(placed: readonly Placed[]): Promise<readonly FieldError[]> {
  const [{ compile }, { costOf }, { deviceTypes, deviceSizes }, { typeText }] = await Promise.all([import('../../cel/cel.ts'), import('../../cel/cost.ts'), import('../../cel/device.ts'), import('../../cel/types.ts')])
  return placed.flatMap(({ text, field }) => {
    if (NAMES_PARTS.test(text)) return []
    const compiled = compile(text, deviceTypes)
    if (compiled.kind === 'refused') return [invalid(field, text, `compilation failed: ${compiled.message}`)]
    const { type, expression, checked } = compiled.program
    if (type.kind !== 'dyn' && typeText(type) !== 'bool') return [invalid(field, text, `must evaluate to bool or the unknown type, not ${typeText(type)}`)]
    return costOf(expression, checked, deviceSizes) > MOST_COST ? [forbidden(field, 'too complex, exceeds cost limit')] : []
  })
}
