/** A CustomResourceDefinition as a whole. */
import type { CustomResourceDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from '../../../../shared/model/gen/api.ts'
import { type FieldError, invalid, required } from '../../../../shared/model/field-error.ts'
import { byteLength } from '../../../../shared/model/go-text.ts'
import { type PropsSchema, schemasIn } from '../../../../shared/model/structural/schema.ts'
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../../../../shared/model/validation/names.ts'
import { requiredOneOf } from '../check.ts'
import { approvalOf, validateApproval } from './api-approval.ts'
import { validateColumns, validateSubresources } from './columns.ts'
import { bundleErrors, validateConversion } from './conversion.ts'
import { type Hoisted, hoisted, type PlacedSchema, placedSchemas, schemaOf } from './hoisted.ts'
import { printedVersion } from './printed.ts'
import { validateNames, validateRequiredNames } from './names.ts'
import { type RuleErrorsOf, validateSchema } from './schema.ts'
import { validateSelectableFields } from './selectable-fields.ts'

/** @param ruled what the rules of its schemas get wrong. */
export function validateNewDefinition(definition: CustomResourceDefinition, ruled?: RuleErrorsOf): readonly FieldError[] {
  const { metadata, spec } = definition
  const { names, group = '' } = spec as Partial<CustomResourceDefinitionSpec>
  const wanted = `${names?.plural ?? ''}.${group}`
  const named = (['generateName', 'name'] as const).flatMap((member) => (metadata[member] && metadata[member] !== wanted ? [invalid(`metadata.${member}`, metadata[member], 'must be spec.names.plural+"."+spec.group')] : []))
  return [...named, ...validateSpec(spec, false, ruled), ...validateStatusNames(definition), ...validateStoredVersions(definition), ...validateApproval(group, metadata.annotations), ...validatePreserving(spec)]
}

/** @param ruled as for a new one. */
export function validateDefinitionChange(definition: CustomResourceDefinition, old: CustomResourceDefinition, ruled?: RuleErrorsOf): readonly FieldError[] {
  const { spec, metadata } = definition
  const before = old.spec
  const fixed = (path: string, value: unknown, was: unknown): readonly FieldError[] => (value === was ? [] : [invalid(path, value, 'field is immutable')])
  const established = isEstablished(old)
  const sameApproval = approvalOf(metadata.annotations).state === approvalOf(old.metadata.annotations).state
  return [
    // Who takes the last version away has sent an empty list.
    ...validateSpec({ ...spec, versions: spec.versions ?? [] }, established && bundleErrors(before.conversion?.webhook?.clientConfig?.caBundle).length === 0, ruled),
    ...(established ? [...fixed('spec.scope', spec.scope, before.scope), ...fixed('spec.names.kind', spec.names.kind, before.names.kind)] : []),
    ...fixed('spec.group', spec.group, before.group),
    ...fixed('spec.names.plural', spec.names.plural, before.names.plural),
    ...validateStatusNames(definition),
    ...validateStoredVersions(definition),
    ...(sameApproval ? [] : validateApproval(spec.group, metadata.annotations)),
    ...(before.preserveUnknownFields ? [] : validatePreserving(spec)),
  ]
}

/** What Kubernetes' first version of definitions knew. */
const validatePreserving = ({ preserveUnknownFields }: CustomResourceDefinitionSpec): readonly FieldError[] =>
  preserveUnknownFields ? [invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead')] : []

/** Through `status` only what belongs there is judged. */
export const validateDefinitionStatus = (definition: CustomResourceDefinition): readonly FieldError[] => validateStatusNames(definition)

export const isEstablished = ({ status }: CustomResourceDefinition): boolean => (status?.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True')

const validateStatusNames = ({ status }: CustomResourceDefinition): readonly FieldError[] => validateNames(status?.acceptedNames ?? {}, 'status.acceptedNames')

function validateSpec(spec: Partial<CustomResourceDefinitionSpec>, judgesBundle: boolean, ruled?: RuleErrorsOf): readonly FieldError[] {
  const { scope, names = {}, versions = [], conversion, preserveUnknownFields: preserving = false } = spec
  const parts = hoisted(spec)
  const placed = placedSchemas(spec)
  return [
    ...validateGroup(spec.group ?? ''),
    ...requiredOneOf('spec.scope', scope, ['Cluster', 'Namespaced']),
    ...missingSchemas(versions),
    ...(preserving && placed.some(({ schema }) => hasDefaults(schema)) ? [invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema')] : []),
    ...validateVersions(spec, parts, (path) => schemaErrors(placed, path, ruled)),
    ...validateRequiredNames(names, 'spec.names'),
    ...validateNames(names, 'spec.names'),
    ...schemaErrors(placed, 'spec.validation', ruled),
    ...validateSubresources(parts.shared.subresources, 'spec.subresources'),
    ...validateColumns(parts.shared.additionalPrinterColumns, 'spec.additionalPrinterColumns'),
    ...validateSelectableFields(parts.shared.selectableFields, schemaOf(parts.shared), { path: 'spec.selectableFields', missing: 'selectableFields may only be set when validations.schema is included' }),
    ...(preserving && conversion && conversion.strategy !== 'None' ? [invalid('spec.conversion.strategy', conversion.strategy, 'must be None if spec.preserveUnknownFields is true')] : []),
    ...validateConversion(conversion, judgesBundle),
  ]
}

const schemaErrors = (placed: readonly PlacedSchema[], at: string, ruled: RuleErrorsOf | undefined): readonly FieldError[] =>
  placed.filter(({ path }) => path.startsWith(`${at}.`)).flatMap((one) => validateSchema(one, ruled?.get(one.path)))

function validateGroup(group: string): readonly FieldError[] {
  if (group === '') return [required('spec.group')]
  const problems = dns1123SubdomainProblems(group)
  if (problems.length > 0) return [invalid('spec.group', group, problems.join(','))]
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')]
}

const hasDefaults = (schema: PropsSchema): boolean => schemasIn(schema).some((one) => one.default !== undefined)

const missingSchemas = (versions: readonly CustomResourceDefinitionVersion[]): readonly FieldError[] =>
  versions.flatMap(({ schema }, index) => (schema?.openAPIV3Schema ? [] : [required(`spec.versions[${index}].schema.openAPIV3Schema`)]))

function validateVersions(spec: Partial<CustomResourceDefinitionSpec>, { versions }: Hoisted, schemaErrorsAt: (path: string) => readonly FieldError[]): readonly FieldError[] {
  const own = versions.flatMap((version, index) => {
    const path = `spec.versions[${index}]`
    const problems = dns1035LabelProblems(version.name)
    return [
      ...(problems.length === 0 ? [] : [invalid(`${path}.name`, version.name, problems.join(','))]),
      ...deprecationProblems(version).map((problem) => invalid(`${path}.deprecationWarning`, version.deprecationWarning, problem)),
      ...schemaErrorsAt(path),
      ...validateSubresources(version.subresources, `${path}.subresources`),
      ...validateColumns(version.additionalPrinterColumns, `${path}.additionalPrinterColumns`),
      // Kubernetes says the opposite of what it means.
      ...validateSelectableFields(version.selectableFields, schemaOf(version), { path: `${path}.selectableFields`, missing: 'selectableFields may only be set when version.schema.openAPIV3Schema is not included' }),
    ]
  })
  const given = spec.versions === undefined ? null : versions.map(printedVersion)
  const unique = new Set(versions.map(({ name }) => name)).size === versions.length
  const one = versions.filter(({ storage }) => storage).length === 1
  return [
    ...own,
    ...(unique ? [] : [invalid('spec.versions', given, 'must contain unique version names')]),
    ...(one ? [] : [invalid('spec.versions', given, 'must have exactly one version marked as storage version')]),
    ...firstVersionProblems(versions[0]?.name ?? ''),
  ]
}

/** The first version's name is held apart too, and judged there once more. */
function firstVersionProblems(name: string): readonly FieldError[] {
  const problems = name === '' ? [] : dns1035LabelProblems(name)
  return problems.length === 0 ? [] : [invalid('spec.version', name, problems.join(','))]
}

function deprecationProblems({ deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion): readonly string[] {
  if (text === undefined) return []
  if (!deprecated) return ['can only be set for deprecated versions']
  const problems: string[] = []
  if (byteLength(text) > 256) problems.push('must be <= 256 characters long')
  if (text === '') problems.push('must not be an empty string')
  const strange = text.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u)
  if (strange >= 0) problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${byteLength(text.slice(0, strange))}`)
  return problems
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): readonly FieldError[] {
  const path = 'status.storedVersions'
  const stored = status?.storedVersions ?? []
  const { versions } = hoisted(spec as Partial<CustomResourceDefinitionSpec>)
  if (stored.length === 0) return [invalid(path, status?.storedVersions ?? null, 'must have at least one stored version')]
  const names = new Set(versions.map(({ name }) => name))
  const missing = versions.filter(({ name, storage }) => storage && !stored.includes(name)).map((version) => invalid(path, printedVersion(version), `must have the storage version ${version.name}`))
  const gone = stored.flatMap((name, index) =>
    names.has(name) ? [] : [invalid(`${path}[${index}]`, name, `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`)],
  )
  return [...missing, ...gone]
}
