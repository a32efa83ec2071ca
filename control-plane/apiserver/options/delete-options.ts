/** `DeleteOptions`: from the body, or from the query when there is no body. */
import type { FieldError } from '../../../shared/model/field-error.ts'
import { invalid as invalidField, notSupported } from '../../../shared/model/field-error.ts'
import { isJsonObject, isWhole, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { invalid } from '../status.ts'
import { boolParameter, wholeParameter } from './parameters.ts'
import { dryRunErrors } from './write-options.ts'

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | bigint | undefined
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined
  readonly orphanDependents?: boolean | undefined
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined
  readonly dryRun: boolean
}

interface Given extends Omit<DeleteOptions, 'propagationPolicy' | 'dryRun'> {
  readonly propagationPolicy?: string | undefined
  readonly dryRun: readonly string[]
}

export const deleteOptionsOfQuery = (query: URLSearchParams): DeleteOptions =>
  checked({
    gracePeriodSeconds: wholeParameter(query, 'gracePeriodSeconds'),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: boolParameter(query, 'orphanDependents'),
    dryRun: query.getAll('dryRun'),
  })

/** @param body decoded by the schema of DeleteOptions. */
export function deleteOptionsOfBody(body: JsonObject): DeleteOptions {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = body
  return checked({
    ...(isWhole(gracePeriodSeconds) && { gracePeriodSeconds }),
    ...(typeof propagationPolicy === 'string' && { propagationPolicy }),
    ...(typeof orphanDependents === 'boolean' && { orphanDependents }),
    ...(isJsonObject(preconditions) && { preconditions: { uid: text(preconditions['uid']), resourceVersion: text(preconditions['resourceVersion']) } }),
    dryRun: Array.isArray(dryRun) ? (dryRun as readonly Json[]).map(String) : [],
  })
}

const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

const POLICIES = ['Foreground', 'Background', 'Orphan']

function checked(given: Given): DeleteOptions {
  const { propagationPolicy, orphanDependents, dryRun, ...rest } = given
  const errors: FieldError[] = []
  if (propagationPolicy !== undefined && orphanDependents !== undefined) errors.push(invalidField('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'))
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) errors.push(notSupported('propagationPolicy', propagationPolicy, [...POLICIES, 'nil']))
  errors.push(...dryRunErrors(dryRun))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', name: 'DeleteOptions' }, '', errors)
  return { ...rest, orphanDependents, propagationPolicy: propagationPolicy as DeleteOptions['propagationPolicy'], dryRun: dryRun.length > 0 }
}
