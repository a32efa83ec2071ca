import { type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { ExemptPriorityLevelConfiguration, LimitedPriorityLevelConfiguration, LimitResponse, PriorityLevelConfiguration, PriorityLevelConfigurationSpec, QueuingConfiguration } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import priorityLevels from '../bootstrap/prioritylevelconfigurations.json' with { type: 'json' }
import { printInternal } from '../printed/internal.ts'
import { validateFlowSchemaStatus } from './flow-schema.ts'

const TYPES = ['Exempt', 'Limited']
const RESPONSES = ['Queue', 'Reject']
const MAX_QUEUES = 10_000_000
/** Of the hash that deals a hand of queues. */
const MAX_HASH_BITS = 60
const POSITIVE = 'must be positive'
/** What an older version of this kind was marked with, and no other may be. */
const OLD_ZERO = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares'

interface Level {
  readonly metadata: { readonly name: string }
  readonly spec: PriorityLevelConfigurationSpec
}

const mandatory: ReadonlyMap<string, PriorityLevelConfigurationSpec> = new Map((priorityLevels as readonly Level[]).filter(({ metadata }) => metadata.name === 'exempt' || metadata.name === 'catch-all').map(({ metadata, spec }) => [metadata.name, spec]))

export function validatePriorityLevel({ metadata, spec = { type: '' }, status }: PriorityLevelConfiguration): readonly FieldError[] {
  const name = metadata.name ?? ''
  return [
    ...((name === 'exempt') !== (spec.type === 'Exempt') ? [invalid('spec.type', spec.type, "must be 'Exempt' if and only if `name` is 'exempt'")] : []),
    ...validateSpec(spec),
    ...validateFixed(spec, name),
    ...validateFlowSchemaStatus(status),
    ...(metadata.annotations?.[OLD_ZERO] === undefined ? [] : [forbidden('metadata.annotations', `annotation '${OLD_ZERO}' is forbidden`)]),
  ]
}

/** Of the exempt level its shares may be chosen, nothing else. */
function validateFixed(spec: PriorityLevelConfigurationSpec, name: string): readonly FieldError[] {
  const fixed = mandatory.get(name)
  if (!fixed) return []
  const exempt = name === 'exempt'
  if (deepEqual(exempt ? { ...spec, exempt: fixed.exempt } : spec, fixed)) return []
  return [invalid('spec', printInternal('PriorityLevelSpec', spec as unknown as JsonObject), `spec of '${name}'${exempt ? " except the 'spec.exempt' field" : ''} must equal the fixed value`)]
}

function validateSpec({ type, limited, exempt }: PriorityLevelConfigurationSpec): readonly FieldError[] {
  switch (type) {
    case 'Exempt':
      return [...(limited ? [forbidden('spec.limited', 'must be nil if the type is not Limited')] : []), ...(exempt ? validateExempt(exempt) : [])]
    case 'Limited':
      return [...(exempt ? [forbidden('spec.exempt', 'must be nil if the type is Limited')] : []), ...(limited ? validateLimited(limited) : [required('spec.limited', 'must not be empty when type is Limited')])]
    default:
      return [notSupported('spec.type', type, TYPES)]
  }
}

const shares = (field: string, value: number | undefined): readonly FieldError[] => (value !== undefined && value < 0 ? [invalid(field, value, 'must be a non-negative integer')] : [])
const percent = (field: string, value: number | undefined): readonly FieldError[] => (value !== undefined && (value < 0 || value > 100) ? [invalid(field, value, 'must be between 0 and 100, inclusive')] : [])

const validateExempt = ({ nominalConcurrencyShares, lendablePercent }: ExemptPriorityLevelConfiguration): readonly FieldError[] => [
  ...shares('spec.exempt.nominalConcurrencyShares', nominalConcurrencyShares),
  ...percent('spec.exempt.lendablePercent', lendablePercent),
]

function validateLimited({ nominalConcurrencyShares, limitResponse, lendablePercent, borrowingLimitPercent: borrowing }: LimitedPriorityLevelConfiguration): readonly FieldError[] {
  return [
    ...shares('spec.limited.nominalConcurrencyShares', nominalConcurrencyShares),
    ...validateResponse(limitResponse ?? { type: '' }, 'spec.limited.limitResponse'),
    ...percent('spec.limited.lendablePercent', lendablePercent),
    ...(borrowing !== undefined && borrowing < 0 ? [invalid('spec.limited.borrowingLimitPercent', borrowing, 'if specified, must be a non-negative integer')] : []),
  ]
}

function validateResponse({ type, queuing }: LimitResponse, path: string): readonly FieldError[] {
  const field = `${path}.queuing`
  switch (type) {
    case 'Reject':
      return queuing ? [forbidden(field, 'must be nil if limited.limitResponse.type is not Limited')] : []
    case 'Queue':
      return queuing ? validateQueuing(queuing, field) : [required(field, 'must not be empty if limited.limitResponse.type is Limited')]
    default:
      return [notSupported(`${path}.type`, type, RESPONSES)]
  }
}

function validateQueuing({ queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration, path: string): readonly FieldError[] {
  const queuesProblem = queues <= 0 ? POSITIVE : queues > MAX_QUEUES ? `must not be greater than ${MAX_QUEUES}` : undefined
  const handProblem = handProblemOf(queues, handSize)
  return [
    ...(queueLengthLimit <= 0 ? [invalid(`${path}.queueLengthLimit`, queueLengthLimit, POSITIVE)] : []),
    ...(queuesProblem === undefined ? [] : [invalid(`${path}.queues`, queues, queuesProblem)]),
    ...(handProblem === undefined ? [] : [invalid(`${path}.handSize`, handSize, handProblem)]),
  ]
}

function handProblemOf(queues: number, handSize: number): string | undefined {
  if (handSize <= 0) return POSITIVE
  if (handSize > queues) return `should not be greater than queues (${queues})`
  if (entropyBits(queues, handSize) <= MAX_HASH_BITS) return undefined
  return `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`
}

/** What it takes to deal so many cards out of so many, as if each were put back. */
const entropyBits = (deck: number, hand: number): number => Math.ceil(Math.log2(deck) * hand)
