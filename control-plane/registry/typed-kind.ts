import type { FieldError } from '../../shared/model/field-error.ts'
import type { KubeObject } from '../../shared/model/meta.ts'
import type { KindDefinition, StrategyContext } from './kind.ts'

/** What {@link KindDefinition} says about a kind, with its objects typed as what they are. */
export interface TypedKind<T extends KubeObject> extends Omit<KindDefinition, 'defaults' | 'prepareForCreate' | 'prepareForUpdate' | 'validateCreate' | 'validateUpdate' | 'warnings' | 'earlyWarnings' | 'hasNewGeneration' | 'gracePeriodSeconds' | 'markDeletion' | 'selectableFields' | 'row' | 'rowConditions' | 'compareRows'> {
  defaults(object: T): T
  prepareForCreate(object: T, context: StrategyContext): T
  prepareForUpdate(object: T, old: T, context: StrategyContext): T
  validateCreate(object: T, context: StrategyContext): readonly FieldError[]
  validateUpdate(object: T, old: T, context: StrategyContext): readonly FieldError[]
  warnings?(object: T, old: T | undefined, context: StrategyContext): readonly string[]
  earlyWarnings?(object: T): readonly string[]
  hasNewGeneration?(object: T, old: T): boolean
  gracePeriodSeconds?(object: T, requested: number | bigint | undefined): number | bigint | undefined
  markDeletion?(object: T, nowMs: number): T | undefined
  selectableFields?(object: T): Readonly<Record<string, string>>
  row(object: T, nowMs: number): ReturnType<KindDefinition['row']>
  compareRows?(a: T, b: T): number
  rowConditions?(object: T): ReturnType<NonNullable<KindDefinition['rowConditions']>>
}

/** The one place where a kind's own type meets plain JSON: the generic machinery has decoded the object by the kind's schema before any of these run. */
export function defineKind<T extends KubeObject>(kind: TypedKind<T>): KindDefinition {
  const definition = kind as unknown as KindDefinition
  return { ...definition, defaults: (object) => definition.defaults(object['metadata'] === undefined ? { ...object, metadata: {} } : object) }
}

/** `create delete deletecollection get list patch update watch`, as discovery lists what a stored kind can. */
export const storedVerbs: readonly string[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** `status` as nearly every kind with a status has it. */
export const statusSubresource = { name: 'status', verbs: ['get', 'patch', 'update'], behaviour: { kind: 'status' } } as const

/** The object as it is: for steps a kind has nothing to add to. */
export const unchanged = <T>(object: T): T => object

/** No mistakes to find. */
export const nothingToValidate = (): readonly FieldError[] => []

/** A kind that is answered and never stored: what a store would ask of it is nothing. */
export const neverStored = {
  stored: false,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: nothingToValidate,
  validateUpdate: nothingToValidate,
  nameRule: 'path-segment',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
} as const

/** `scale` as workloads have it. */
export const scaleSubresource = {
  name: 'scale',
  verbs: ['get', 'patch', 'update'],
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  behaviour: { kind: 'scale', specPath: '.spec.replicas', statusPath: '.status.replicas', selectorPath: '.spec.selector' },
} as const
