import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { PodTemplateSpec, StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec, StatefulSetUpdateStrategy, Volume } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import type { StrategyContext } from '../kind.ts'
import { countOrPercent, notMoreThanAll } from './amounts.ts'
import { dnsLabel, nonNegative, oneOf } from './check.ts'
import { type Counts, validateCollisions, validateSelectorAndTemplate, type WorkloadWords } from './workload.ts'

const words: WorkloadWords = { owner: 'StatefulSet', emptySelector: 'empty selector is invalid for statefulset', unreadableSelector: '' }

/** The name of the service is judged only here: an update may not change it, so it is no reason to refuse one. */
export const validateNewStatefulSet = ({ spec }: StatefulSet): readonly FieldError[] => [...(spec?.serviceName ? dnsLabel('spec.serviceName', spec.serviceName) : []), ...validateSpec(spec, 'spec')]

/** What an update of the spec may touch. */
const mutable = ['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds'] as const

export function validateStatefulSetChange(set: StatefulSet, old: StatefulSet, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateStatus(set, old)
  return [...validateSpec(set.spec, 'spec'), ...validateImmutable(set.spec, old.spec)]
}

function validateImmutable(spec: StatefulSetSpec | undefined, old: StatefulSetSpec | undefined): readonly FieldError[] {
  if (deepEqual(fixedPart(spec), fixedPart(old))) return []
  return [forbidden('spec', "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")]
}

function fixedPart(spec: StatefulSetSpec | undefined): unknown {
  const fixed: Record<string, unknown> = { ...spec }
  for (const name of mutable) delete fixed[name]
  return fixed
}

function validateSpec(spec: Partial<StatefulSetSpec> = {}, path: string): readonly FieldError[] {
  const { podManagementPolicy: policy, updateStrategy = {} } = spec
  const errors: FieldError[] = []
  if (!policy) errors.push(required(`${path}.podManagementPolicy`))
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') errors.push(invalid(`${path}.podManagementPolicy`, policy, "must be 'OrderedReady' or 'Parallel'"))
  return [
    ...errors,
    ...validateStrategy(updateStrategy, `${path}.updateStrategy`),
    ...validateRetention(spec.persistentVolumeClaimRetentionPolicy, `${path}.persistentVolumeClaimRetentionPolicy`),
    ...nonNegative(`${path}.replicas`, spec.replicas),
    ...nonNegative(`${path}.minReadySeconds`, spec.minReadySeconds),
    ...nonNegative(`${path}.ordinals.start`, spec.ordinals?.start),
    ...validateSelectorAndTemplate({ selector: spec.selector, template: withClaims(spec) }, path, words),
  ]
}

/** The template as its pods will be: every claim is a volume by the name of its template. */
function withClaims({ template, volumeClaimTemplates: claims = [] }: Partial<StatefulSetSpec>): PodTemplateSpec | undefined {
  if (!template?.spec || claims.length === 0) return template
  const { volumes = [] } = template.spec
  const known = new Set(volumes.map((volume) => volume.name))
  const added = claims.map((claim): Volume => ({ name: claim.metadata?.name ?? '', persistentVolumeClaim: { claimName: claim.metadata?.name ?? '' } })).filter(({ name }) => name !== '' && !known.has(name))
  return { ...template, spec: { ...template.spec, volumes: [...volumes, ...added] } }
}

function validateStrategy({ type = '', rollingUpdate }: StatefulSetUpdateStrategy, path: string): readonly FieldError[] {
  switch (type) {
    case '':
      return [required(path)]
    case 'OnDelete':
      return rollingUpdate ? [invalid(`${path}.rollingUpdate`, printedRollingUpdate(rollingUpdate), "only allowed for updateStrategy 'RollingUpdate'")] : []
    case 'RollingUpdate': {
      if (!rollingUpdate) return []
      const { partition, maxUnavailable } = rollingUpdate
      const field = `${path}.rollingUpdate.maxUnavailable`
      return [...nonNegative(`${path}.rollingUpdate.partition`, partition), ...(maxUnavailable === undefined ? [] : [...countOrPercent(field, maxUnavailable), ...notMoreThanAll(field, maxUnavailable)])]
    }
    default:
      return [invalid(path, { Type: type, RollingUpdate: rollingUpdate ? printedRollingUpdate(rollingUpdate) : null }, "must be 'RollingUpdate' or 'OnDelete'")]
  }
}

const printedRollingUpdate = ({ partition = 0, maxUnavailable }: NonNullable<StatefulSetUpdateStrategy['rollingUpdate']>): unknown => ({ Partition: partition, MaxUnavailable: maxUnavailable ?? null })

function validateRetention(policy: StatefulSetPersistentVolumeClaimRetentionPolicy | undefined, path: string): readonly FieldError[] {
  if (!policy) return []
  const supported = ['Retain', 'Delete']
  return [...oneOf(`${path}.whenDeleted`, policy.whenDeleted, supported), ...oneOf(`${path}.whenScaled`, policy.whenScaled, supported)]
}

const counts = ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration', 'collisionCount'] as const
const bounded = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const

function validateStatus({ status }: StatefulSet, old: StatefulSet): readonly FieldError[] {
  const given = (status ?? {}) as unknown as Counts
  const at = (name: string): number => given[name] ?? 0
  const errors: FieldError[] = counts.flatMap((name) => nonNegative(`status.${name}`, at(name)))
  for (const name of bounded) if (at(name) > at('replicas')) errors.push(invalid(`status.${name}`, at(name), 'cannot be greater than status.replicas'))
  if (at('availableReplicas') > at('readyReplicas')) errors.push(invalid('status.availableReplicas', at('availableReplicas'), 'cannot be greater than status.readyReplicas'))
  return [...errors, ...validateCollisions(status?.collisionCount, old.status?.collisionCount)]
}
