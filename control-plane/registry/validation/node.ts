import { duplicate, type FieldError, forbidden, internalError, invalid, required } from '../../../shared/model/field-error.ts'
import type { Node, Taint } from '../../../shared/model/gen/api.ts'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { jsonProblem } from '../../../shared/model/json-problem.ts'
import { jsonTypeName } from '../../../shared/model/schemas/scalars.ts'
import { parseCidr } from '../../../shared/model/validation/ip.ts'
import { labelValueProblems } from '../../../shared/model/validation/names.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import type { StrategyContext } from '../kind.ts'
import { amountsOf } from '../resource-list.ts'
import { cidr } from './addresses.ts'
import { each, oneOf, sortedEntries } from './check.ts'
import { validateQuantity } from './resources.ts'
import { taintEffects } from './scheduling.ts'

const TAINTS = 'scheduler.alpha.kubernetes.io/taints'
const PREFER_AVOID = 'scheduler.alpha.kubernetes.io/preferAvoidPods'

export const validateNewNode = (node: Node): readonly FieldError[] => [...validateAnnotated(node), ...validateNode(node)]

function validateNode(node: Node): readonly FieldError[] {
  return [
    ...validateTaints(node.spec?.taints, 'metadata.taints'),
    ...validateAmounts(node, 'capacity'),
    ...validateAmounts(node, 'allocatable'),
    ...validateCidrs(node.spec?.podCIDRs ?? []),
  ]
}

const ANNOTATIONS = 'metadata.annotations'

/** What older clients said of a node in annotations, as JSON. */
function validateAnnotated({ metadata }: Node): readonly FieldError[] {
  const [taints, avoided] = [metadata.annotations?.[TAINTS], metadata.annotations?.[PREFER_AVOID]]
  return [
    ...(taints ? validateJson(taints, { field: ANNOTATIONS, key: TAINTS, type: '[]core.Taint' }, (value) => validateTaints(itemsOf(value).map(taintOf), `${ANNOTATIONS}.${TAINTS}`)) : []),
    ...(avoided ? validateJson(avoided, { field: `${ANNOTATIONS}.AvoidPods`, key: PREFER_AVOID, type: 'v1.AvoidPods' }, validateAvoided) : []),
  ]
}

/** Annotations that cannot be read are told with their keys. */
function validateJson(text: string, { field, key, type }: { readonly field: string; readonly key: string; readonly type: string }, check: (value: Json) => readonly FieldError[]): readonly FieldError[] {
  const problem = jsonProblem(text)
  if (problem !== undefined) return [invalid(field, key, problem)]
  const value = JSON.parse(text) as Json
  const isFit = value === null || (type.startsWith('[]') ? Array.isArray(value) : isJsonObject(value))
  return isFit ? check(value) : [invalid(field, key, `json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${type}`)]
}

const itemsOf = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? (value as readonly Json[]).filter(isJsonObject) : [])
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const taintOf = ({ key, value, effect }: JsonObject): Taint => ({ key: textOf(key), value: textOf(value), effect: textOf(effect) })

const validateAvoided = (value: Json): readonly FieldError[] =>
  each(isJsonObject(value) ? itemsOf(value['preferAvoidPods']) : [], `${ANNOTATIONS}.${PREFER_AVOID}`, ({ podSignature }, at) => {
    const controller = isJsonObject(podSignature) ? podSignature['podController'] : undefined
    if (!isJsonObject(controller)) return [required(`${at}.PodSignature`)]
    return controller['controller'] === true ? [] : [invalid(`${at}.PodSignature.PodController.Controller`, false, 'must point to a controller')]
  })

/** Taints are unique by key and effect. */
function validateTaints(taints: readonly Taint[] | undefined, path: string): readonly FieldError[] {
  const seen = new Set<string>()
  return each(taints, path, (taint, at) => {
    const { key, value = '', effect } = taint
    const errors: FieldError[] = [...validateLabelName(key, `${at}.key`)]
    const problems = labelValueProblems(value)
    if (problems.length > 0) errors.push(invalid(`${at}.value`, value, problems.join(';')))
    errors.push(...(effect ? oneOf(`${at}.effect`, effect, taintEffects) : [required(`${at}.effect`)]))
    const id = `${effect} ${key}`
    if (seen.has(id)) {
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null }
      errors.push({ type: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${JSON.stringify(shown)}: taints must be unique by key and effect pair` })
    }
    seen.add(id)
    return errors
  })
}

function validateAmounts(node: Node, list: 'capacity' | 'allocatable'): readonly FieldError[] {
  return sortedEntries(amountsOf(node.status?.[list])).flatMap(([name, amount]) => {
    return validateQuantity(name, amount, `status.${list}.${name}`)
  })
}

/** One range of each family. */
function validateCidrs(cidrs: readonly string[]): readonly FieldError[] {
  const path = 'spec.podCIDRs'
  if (cidrs.length === 0) return []
  const errors: FieldError[] = [...each(cidrs, path, (one, at) => cidr(at, one))]
  if (cidrs.length < 2) return errors
  const families = cidrs.map((one) => parseCidr(one)?.address.family)
  const unreadable = families.indexOf(undefined)
  if (unreadable >= 0) errors.push(internalError(path, `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${unreadable}]: <nil> (invalid CIDR address: ${cidrs[unreadable]})`))
  const isPair = cidrs.length === 2 && unreadable < 0 && families[0] !== families[1]
  if (!isPair) errors.push(invalid(path, cidrs, 'may specify no more than one CIDR for each IP family'))
  return [...errors, ...each(cidrs, path, (one, at, index) => (cidrs.indexOf(one) < index ? [duplicate(at, one)] : []))]
}

/** A range and a provider are given to a node once. */
export function validateNodeChange(node: Node, old: Node, { subresource }: StrategyContext): readonly FieldError[] {
  // As for pods: what stands there was looked at when it was written, and a node that stands must be able to tell of itself.
  const annotated = deepEqual(node.metadata.annotations, old.metadata.annotations) ? [] : validateAnnotated(node)
  return [...(subresource === 'status' ? [] : [...annotated, ...validateNode(node)]), ...annotated, ...validateUpdate(node, old)]
}

function validateUpdate(node: Node, old: Node): readonly FieldError[] {
  const errors: FieldError[] = [
    ...validateAmounts(node, 'capacity'),
    ...validateAmounts(node, 'allocatable'),
    ...validateAddresses(node),
    ...validateKeptCidrs(node.spec?.podCIDRs ?? [], old.spec?.podCIDRs ?? []),
  ]
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  errors.push(...validateTaints(node.spec?.taints, 'metadata.taints'))
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? '')) errors.push(forbidden('spec.externalID', 'may not be updated'))
  return errors
}

/** Each range that is another counts. */
function validateKeptCidrs(cidrs: readonly string[], before: readonly string[]): readonly FieldError[] {
  const changed = forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')
  if (before.length > 0 && cidrs.length !== before.length) return [changed]
  return before.flatMap((one, index) => (one === cidrs[index] ? [] : [changed]))
}

function validateAddresses(node: Node): readonly FieldError[] {
  const seen = new Set<string>()
  return each(node.status?.addresses, 'status.addresses', ({ type, address }, at) => {
    const id = `${type} ${address}`
    if (seen.has(id)) return [{ type: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${JSON.stringify({ Type: type, Address: address })}` }]
    seen.add(id)
    return []
  })
}
