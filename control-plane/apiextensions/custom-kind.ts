/** One version of a definition as a kind like any other. PURE, but for the rules it is given and the turns that they take. */
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../shared/model/gen/api.ts'

import type { Turns } from '../../shared/kit/turns.ts'
import type { FieldError } from '../../shared/model/field-error.ts'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { compileResource } from '../../shared/model/structural/compiled.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import type { Findings, KindDefinition, Subresource } from '../registry/kind.ts'
import { statusSubresource } from '../registry/typed-kind.ts'
import { compareVersions } from '../apiserver/discovery/groups.ts'
import { columnsOf } from './columns.ts'
import { parseJsonPath, valuesAt } from './json-path.ts'
import type { Rules } from './rules.ts'
import { isBlocking, UNCHECKED, validateCustom } from './validate-custom.ts'

export interface CustomKind {
  readonly definition: CustomResourceDefinition
  readonly version: CustomResourceDefinitionVersion
  /** The rules of its schema, when it has any. */
  readonly rules: Rules | undefined
  readonly turns: Turns
}

/** In the order in which Kubernetes tells them. */
const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

export const schemaOfVersion = (version: CustomResourceDefinitionVersion): PropsSchema => (version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) as unknown as PropsSchema

/** `com.example.v1.Widget` */
export const schemaName = (group: string, version: string, kind: string): string => [...group.split('.').toReversed(), version, kind].join('.')

export function customKind({ definition, version, rules, turns }: CustomKind): KindDefinition {
  const { spec, status } = definition
  const names = status?.acceptedNames ?? spec.names
  const schema = schemaOfVersion(version)
  const hasStatus = version.subresources?.status !== undefined
  const { columns, row } = columnsOf(version.additionalPrinterColumns)
  const validation = { schema, scale: version.subresources?.scale }
  return {
    group: spec.group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? '',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    schema: schemaName(spec.group, version.name, names.kind),
    type: compileResource(schema),
    custom: { listKind: names.listKind ?? `${names.kind}List`, deprecation: deprecationOf(definition, version), terminating: definition.metadata.deletionTimestamp !== undefined, schema: version.schema?.openAPIV3Schema as unknown as JsonObject | undefined },
    verbs: VERBS,
    subresources: subresourcesOf(version),
    defaults: (object) => object,
    prepareForCreate: (object) => (hasStatus ? without(object, 'status') : object),
    prepareForUpdate(object, old, { subresource }) {
      if (subresource === 'status') return statusChange(object, old)
      return hasStatus ? withPart(object, 'status', old['status']) : object
    },
    validateCreate: (object) => validateCustom(validation, { object, old: undefined, subresource: '' }),
    validateUpdate: (object, old, { subresource }) => validateCustom(validation, { object, old, subresource }),
    warnings: finalizerWarnings,
    ...(rules && { laterFindings: (object, old, { found, signal }) => turns.through(withRules(rules, { object, old, found }), signal) }),
    nameRule: 'dns-subdomain',
    anyFinalizer: true,
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: false,
    hasNewGeneration: (object, old) => !deepEqual(content(object), content(old)),
    deleteAnswers: 'status',
    defaultPropagation: 'Background',
    selectableFields: selectableFieldsOf(version),
    columns,
    row,
  }
}

interface Judged {
  readonly object: JsonObject
  readonly old: JsonObject | undefined
  /** Before the rules are asked. */
  readonly found: readonly FieldError[]
}

function* withRules(rules: Rules, { object, old, found }: Judged): Generator<void, Findings> {
  if (found.some(isBlocking)) return { errors: [...found, UNCHECKED], warnings: [] }
  const { errors, warnings } = yield* rules.judge(object, old)
  return { errors: [...found, ...errors], warnings }
}

const without = (object: JsonObject, part: string): JsonObject => {
  const { [part]: _, ...rest } = object
  return rest
}

const withPart = (object: JsonObject, part: string, value: Json | undefined): JsonObject => (value === undefined ? without(object, part) : { ...object, [part]: value })

/** Through `status` nothing else changes but who owns what. */
function statusChange(object: JsonObject, old: JsonObject): JsonObject {
  const { managedFields, resourceVersion } = (object['metadata'] ?? {}) as JsonObject
  const { managedFields: _managed, resourceVersion: _revision, ...kept } = (old['metadata'] ?? {}) as JsonObject
  const metadata: JsonObject = { ...kept, ...(managedFields !== undefined && { managedFields }), ...(resourceVersion !== undefined && { resourceVersion }) }
  return withPart({ ...old, metadata }, 'status', object['status'])
}

const content = (object: JsonObject): JsonObject => without(object, 'metadata')

function subresourcesOf({ subresources }: CustomResourceDefinitionVersion): readonly Subresource[] {
  const { status, scale } = subresources ?? {}
  return [
    ...(status ? [statusSubresource] : []),
    ...(scale
      ? [{ name: 'scale', verbs: ['get', 'patch', 'update'], kind: 'Scale', group: 'autoscaling', version: 'v1', behaviour: { kind: 'scale' as const, specPath: scale.specReplicasPath, statusPath: scale.statusReplicasPath, selectorPath: scale.labelSelectorPath ?? '' } }]
      : []),
  ]
}

/** The version to use instead is the best one that is not deprecated itself. */
function deprecationOf({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string | undefined {
  if (!version.deprecated) return undefined
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const { group, names, versions } = spec
  const deprecated = `${group}/${version.name} ${names.kind} is deprecated`
  const [best] = versions.filter((one) => one.served && !one.deprecated).map(({ name }) => name).toSorted(compareVersions)
  return best !== undefined && compareVersions(best, version.name) < 0 ? `${deprecated}; use ${group}/${best} ${names.kind}` : deprecated
}

function selectableFieldsOf({ selectableFields = [] }: CustomResourceDefinitionVersion): (object: JsonObject) => Readonly<Record<string, string>> {
  const fields = selectableFields.flatMap(({ jsonPath }) => {
    const steps = parseJsonPath(jsonPath)
    return steps ? [{ name: jsonPath.replace(/^\./, ''), steps }] : []
  })
  return (object) =>
    Object.fromEntries(
      fields.map(({ name, steps }) => {
        const [value = null] = valuesAt(object, steps)
        return [name, value === null || typeof value === 'object' ? '' : String(value)]
      }),
    )
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

function finalizerWarnings(object: JsonObject, old: JsonObject | undefined): readonly string[] {
  const of = (one: JsonObject | undefined): readonly string[] => {
    const metadata = one?.['metadata']
    const finalizers = isJsonObject(metadata) ? metadata['finalizers'] : undefined
    return Array.isArray(finalizers) ? (finalizers as readonly string[]) : []
  }
  const before = new Set(of(old))
  return of(object)
    .filter((name) => !before.has(name) && !name.includes('/') && !STANDARD_FINALIZERS.has(name))
    .map((name) => `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`)
}
