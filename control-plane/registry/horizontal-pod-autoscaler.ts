import type { AutoscalingV2HorizontalPodAutoscaler, HorizontalPodAutoscaler } from '../../shared/model/gen/api.ts'
import { autoscalerColumns, autoscalerRow } from './columns/autoscaler.ts'
import { defaultAutoscaler } from './defaults/autoscaler.ts'
import { fillAbsent, mapMember } from './defaults/fill.ts'
import { withoutCarried } from './hpa-annotations.ts'
import { toNewer, toOlder } from './hpa-conversion.ts'
import type { StrategyContext } from './kind.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateAutoscalerChange, validateNewAutoscaler } from './validation/horizontal-pod-autoscaler.ts'

type Newer = AutoscalingV2HorizontalPodAutoscaler

const prepareNew = (object: Newer): Newer => ({ ...object, status: { desiredReplicas: 0, currentMetrics: null as unknown as [] } })
const prepareChange = (object: Newer, old: Newer, { subresource }: StrategyContext): Newer => keepOtherPart(object, old, subresource)

const names = {
  group: 'autoscaling',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  verbs: storedVerbs,
  subresources: [statusSubresource],
  nameRule: 'dns-subdomain',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: autoscalerColumns,
} as const

/** The version that is stored. */
export const horizontalPodAutoscaler = defineKind<Newer>({
  ...names,
  version: 'v2',
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  defaults: (object) => withoutCarriedAnnotations(defaultAutoscaler(object)),
  prepareForCreate: prepareNew,
  prepareForUpdate: prepareChange,
  validateCreate: validateNewAutoscaler,
  validateUpdate: validateAutoscalerChange,
  row: autoscalerRow,
})

/** Annotations that carry fields of this version in older ones mean nothing here. */
function withoutCarriedAnnotations(object: Newer): Newer {
  const { annotations, ...metadata } = object.metadata
  const rest = withoutCarried(annotations)
  return rest === annotations ? object : { ...object, metadata: rest ? { ...metadata, annotations: rest } : metadata }
}

/** The same stored autoscalers as the older version shows them; what it has no fields for goes through its annotations and back. */
export const olderHorizontalPodAutoscaler = defineKind<HorizontalPodAutoscaler>({
  ...names,
  version: 'v1',
  schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  storedAs: { group: 'autoscaling', version: 'v2', plural: names.plural, toStored: (object) => toNewer(object as unknown as HorizontalPodAutoscaler) as unknown as typeof object, fromStored: (object) => toOlder(object as unknown as Newer) as unknown as typeof object },
  defaults: (object) => toOlder(toNewer(mapMember(object, 'spec', (spec) => fillAbsent(spec, { minReplicas: 1 })))),
  prepareForCreate: (object) => toOlder(prepareNew(toNewer(object))),
  prepareForUpdate: (object, old, context) => toOlder(prepareChange(toNewer(object), toNewer(old), context)),
  validateCreate: (object) => validateNewAutoscaler(toNewer(object)),
  validateUpdate: (object, old, context) => validateAutoscalerChange(toNewer(object), toNewer(old), context),
  row: (object, nowMs) => autoscalerRow(toNewer(object), nowMs),
})
