/** Which objects of a resource a list, a watch or a deletecollection is about. */
import type { Labels } from '../../../shared/model/label-selector.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { meetsFieldRequirements, parseFieldSelector, type FieldRequirement } from '../../../shared/model/field-selector.ts'
import { meetsRequirements, parseLabelSelector } from '../../../shared/model/selectors.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import { metadataOf, metaText } from '../core/stored.ts'
import { badRequest } from '../status.ts'

export interface Selection {
  /** Nothing is left out. */
  readonly everything: boolean
  matches(object: JsonObject): boolean
}

const all: Selection = { everything: true, matches: () => true }

export interface SelectorTexts {
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

const MOST_KNOWN = 64
const known = new WeakMap<KindDefinition, Map<string, Selection>>()

/** The same for the same texts, as long as it is remembered. Throws a 400 for a selector that cannot be read or names a field the kind does not offer. */
export function selectionOf(definition: KindDefinition, texts: SelectorTexts): Selection {
  if (!texts.labelSelector && !texts.fieldSelector) return all
  let ofKind = known.get(definition)
  if (!ofKind) known.set(definition, (ofKind = new Map()))
  const text = JSON.stringify([texts.labelSelector, texts.fieldSelector])
  const selection = ofKind.get(text) ?? parsed(definition, texts)
  ofKind.delete(text)
  ofKind.set(text, selection)
  if (ofKind.size > MOST_KNOWN) ofKind.delete(ofKind.keys().next().value ?? '')
  return selection
}

function parsed(definition: KindDefinition, texts: SelectorTexts): Selection {
  const labels = parseLabelSelector(texts.labelSelector ?? '')
  if (labels.kind === 'refused') throw badRequest(labels.message)
  const fields = parseFieldSelector(texts.fieldSelector ?? '')
  if (fields.kind === 'refused') throw badRequest(fields.message)
  for (const { field } of fields.requirements) checkField(definition, field)
  const [byLabel, byField] = [labels.requirements, fields.requirements]
  if (byLabel.length === 0 && byField.length === 0) return all
  return { everything: false, matches: (object) => meetsRequirements(byLabel, labelsOf(object)) && (byField.length === 0 || meetsFieldRequirements(byField, fieldsOf(definition, byField, object))) }
}

function labelsOf(object: JsonObject): Labels {
  const labels = metadataOf(object)['labels']
  return (isJsonObject(labels) ? labels : {}) as Labels
}

function fieldsOf(definition: KindDefinition, requirements: readonly FieldRequirement[], object: JsonObject): Readonly<Record<string, string>> {
  const metadata = { 'metadata.name': metaText(object, 'name'), 'metadata.namespace': metaText(object, 'namespace') }
  const own = definition.selectableFields && requirements.some(({ field }) => !Object.hasOwn(metadata, field)) ? definition.selectableFields(object) : {}
  return { ...own, ...metadata }
}

const BLANK: JsonObject = { metadata: {}, spec: {}, status: {}, involvedObject: {}, source: {} }

/** Kinds without fields of their own to select by offer both names, also where objects have no namespace. */
const hasNamespaceField = ({ namespaced, custom, selectableFields }: KindDefinition): boolean => namespaced || (!custom && !selectableFields)

function checkField(definition: KindDefinition, field: string): void {
  if (field === 'metadata.name' || (field === 'metadata.namespace' && hasNamespaceField(definition))) return
  if (!definition.selectableFields) throw badRequest(`${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`)
  if (!Object.hasOwn(definition.selectableFields(BLANK), field)) throw badRequest(definition.unknownFieldMessage?.(field) ?? `field label not supported: ${field}`)
}
