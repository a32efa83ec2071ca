/**
 * One registry entry per kind: what Kubernetes' schemas cannot say about it. PURE: functions take objects and give new ones.
 * The generic machinery (schema walker, handle(), discovery, OpenAPI, Table) is driven by this alone; a new kind is a new file and a line
 * in `registry.ts`.
 */
import type { JsonObject } from '../../shared/model/json.ts'
import type { FieldError } from '../../shared/model/field-error.ts'
import type { Type } from '../../shared/model/schemas/types.ts'

export interface TableColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description: string
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number
}

/** What a strategy may know of the request; nothing else comes in. */
export interface StrategyContext {
  readonly nowMs: number
  /** Empty for the subresource-less resource. */
  readonly subresource: string
  readonly userName: string
  /** Whose request it is, as far as the kind records it. */
  readonly user?: RequestUser | undefined
}

export interface RequestUser {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface KindDefinition {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  /** Its entry in the schemas: `io.k8s.api.core.v1.Pod`. */
  readonly schema: string
  /** The compiled type, of a kind whose schema is no built-in one. */
  readonly type?: Type
  /** What only kinds have that come and go while the server runs. */
  readonly custom?: CustomTraits
  /** A `Warning` with every answer, for a kind that others have replaced. */
  readonly deprecation?: string
  /** A kind that is another one's stored objects under other names. */
  readonly storedAs?: StoredAs
  /** A kind that is only answered at create and never stored (reviews); its answer is code in `apiserver/reviews`. */
  readonly stored?: false
  /** As discovery lists them: `create delete deletecollection get list patch update watch`. */
  readonly verbs: readonly string[]
  /** `status`, `scale`, `binding`, `log`, `exec`, `eviction`, …; how the generic ones behave is said here, the special ones live in `apiserver/subresources/`. */
  readonly subresources: readonly Subresource[]
  /** How discovery orders a group's resources follows the order in `registry.ts`. */

  /** Defaults that the schema does not carry. Runs after decoding, for create and update alike, before admission. */
  defaults(object: JsonObject): JsonObject
  /** Resets what a client may not set at create (status, …) and computes what is computed once. `generation` is the machinery's. */
  prepareForCreate(object: JsonObject, context: StrategyContext): JsonObject
  /** Keeps what a client may not change through this (sub)resource. `metadata` is the machinery's. */
  prepareForUpdate(object: JsonObject, old: JsonObject, context: StrategyContext): JsonObject
  /** Every mistake, in Kubernetes' order and words. Metadata (name, labels, annotations, …) is validated by the machinery with `nameRule`. */
  validateCreate(object: JsonObject, context: StrategyContext): readonly FieldError[]
  validateUpdate(object: JsonObject, old: JsonObject, context: StrategyContext): readonly FieldError[]
  /** `Warning` headers for an accepted create or update. */
  warnings?(object: JsonObject, old: JsonObject | undefined, context: StrategyContext): readonly string[]
  /** `Warning` headers for a new object, also when it is refused in the end. Given the object as it came, before {@link prepareForCreate}. */
  earlyWarnings?(object: JsonObject): readonly string[]
  /** What takes time to find, beside the mistakes that were found before: all of these, in order. Rejects with the signal's reason. */
  laterFindings?(object: JsonObject, old: JsonObject | undefined, soFar: SoFar): Promise<Findings>
  readonly nameRule: 'dns-subdomain' | 'dns-label' | 'dns1035-label' | 'path-segment' | 'ip-address'
  /** Finalizers need no domain. */
  readonly anyFinalizer?: boolean
  /** What the kind's own rules look at in the metadata, beside the general ones. Absent: all of it. `of-changes`: in an update what changed; `nothing`: never anything. */
  readonly ownMetadataRules?: 'of-changes' | 'nothing'
  /** Whether PUT of a missing object creates it. */
  readonly allowCreateOnUpdate: boolean
  /** Whether an update without a resourceVersion is accepted (unconditional). */
  readonly allowUnconditionalUpdate: boolean
  /** Bumps `metadata.generation`: usually `spec` differs. Absent: the kind has no generation. */
  hasNewGeneration?(object: JsonObject, old: JsonObject): boolean

  /** Deleting answers the object (`object`) or a Status (`status`). */
  readonly deleteAnswers: 'object' | 'status'
  /** Seconds of grace of a delete, or `undefined` for a kind that is deleted at once. `requested` is the client's wish. */
  gracePeriodSeconds?(object: JsonObject, requested: number | bigint | undefined): number | bigint | undefined
  /** What a first delete writes instead of deleting, for kinds that go by steps of their own. */
  markDeletion?(object: JsonObject, nowMs: number): JsonObject | undefined
  /** `propagationPolicy` when the client names none. */
  readonly defaultPropagation: 'Background' | 'Orphan'
  /** Told to a client that deletes without naming one. */
  readonly defaultPropagationWarning?: string

  /** Fields beside `metadata.name` and `metadata.namespace` a field selector may name, and their values on an object. */
  selectableFields?(object: JsonObject): Readonly<Record<string, string>>
  /** What is said of any other field, where the kind has words of its own. */
  unknownFieldMessage?(field: string): string
  readonly columns: readonly TableColumn[]
  /** The cells of a row, one per column. */
  row(object: JsonObject, nowMs: number): ReadonlyArray<string | number | bigint | boolean | null>
  /** The order of rows where it is not that of names. */
  compareRows?(a: JsonObject, b: JsonObject): number
  /** `conditions` of the row, for kinds whose rows have them (a pod that has ended says `Completed`). */
  rowConditions?(object: JsonObject): readonly TableRowCondition[]
}

interface SoFar {
  readonly found: readonly FieldError[]
  /** Whether somebody still waits for an answer. */
  readonly signal: { throwIfAborted(): void }
}

/** What is wrong with an object. */
export interface Findings {
  readonly errors: readonly FieldError[]
  /** `Warning` headers, beside the others, if it is accepted. */
  readonly warnings: readonly string[]
}

/** How custom resources differ from built-in ones wherever they are asked for. */
export interface CustomTraits {
  /** The kind of lists. */
  readonly listKind: string
  /** Told with every answer. */
  readonly deprecation?: string | undefined
  /** Its definition is going: nothing new is created. */
  readonly terminating: boolean
  /** As its definition says it, for documents; absent: everything goes. */
  readonly schema?: JsonObject | undefined
}

/** Where and how the objects of a kind are stored when they are another kind's; everything else in its definition speaks of its own shape. */
export interface StoredAs {
  readonly group: string
  readonly version: string
  readonly plural: string
  toStored(object: JsonObject): JsonObject
  fromStored(object: JsonObject): JsonObject
}

export interface TableRowCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export interface Subresource {
  readonly name: string
  readonly verbs: readonly string[]
  /** Kind in discovery when it is another than the parent's (`Scale`, `Binding`, `PodExecOptions`, …). */
  readonly kind?: string
  readonly group?: string
  readonly version?: string
  /** `status`: writes only what `prepareForUpdate` lets through; `part`: another slice of the object in the same way (`resize`, `ephemeralcontainers`);
   *  `scale`: reads and writes replicas by these paths; `special`: code in apiserver/subresources. */
  readonly behaviour:
    | { readonly kind: 'status' }
    | { readonly kind: 'part' }
    | { readonly kind: 'scale'; readonly specPath: string; readonly statusPath: string; readonly selectorPath: string }
    | { readonly kind: 'special' }
}
