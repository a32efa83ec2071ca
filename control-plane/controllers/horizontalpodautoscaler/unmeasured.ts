/** What is said of a metric that says nothing. PURE. */
import type { ExternalMetricSource, MetricSpec, ObjectMetricSource } from '../../../shared/model/gen/api.ts'
import { printedLabelSelector } from '../../../shared/model/selectors.ts'

export interface Unmeasured {
  /** Of the event and the condition. */
  readonly reason: string
  readonly message: string
  /** The same where it is told among others. */
  readonly among: string
}

const NOT_SERVED = 'the server could not find the requested resource'
const NO_CUSTOM_METRICS = 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered'

/** @param message why a resource cannot be told of; absent: no metrics are served. */
export function unmeasured(metric: MetricSpec | undefined, namespace: string, message?: string): Unmeasured {
  const { pods, object, external, containerResource, resource } = metric ?? {}
  if (pods) return pair('FailedGetPodsMetric', `unable to get metric ${pods.metric.name}: ${NO_CUSTOM_METRICS}`, 'failed to get pods metric value')
  if (object) return objectUnmeasured(object, namespace)
  if (external) return externalUnmeasured(external, namespace)
  const { name, target } = containerResource ?? resource ?? { name: 'cpu', target: undefined }
  const why = message ?? `failed to get ${name} ${target?.averageValue === undefined ? 'utilization' : 'usage'}: unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: ${NOT_SERVED} (get pods.metrics.k8s.io)`
  return containerResource ? pair('FailedGetContainerResourceMetric', why, `failed to get ${containerResource.container} container metric value`) : pair('FailedGetResourceMetric', why, `failed to get ${name} resource metric value`)
}

const pair = (reason: string, message: string, ...around: readonly string[]): Unmeasured => ({ reason, message, among: [...around, message].join(': ') })

/** Kubernetes puts the reason where the name of the object belongs. */
function objectUnmeasured({ metric: { name }, describedObject, target }: ObjectMetricSource, namespace: string): Unmeasured {
  const message = `unable to get metric ${name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/${NO_CUSTOM_METRICS}`
  return pair('FailedGetObjectMetric', message, 'failed to get object metric value', ...(target.type === 'AverageValue' ? [`failed to get ${name} object metric`] : []))
}

function externalUnmeasured({ metric: { name, selector }, target }: ExternalMetricSource, namespace: string): Unmeasured {
  const message = `unable to get external metric ${namespace}/${name}/${printedLabelSelector(selector)}: unable to fetch metrics from external metrics API: ${NOT_SERVED} (get ${name}.external.metrics.k8s.io)`
  return pair('FailedGetExternalMetric', message, `failed to get ${name} external metric value`, target.averageValue === undefined ? `failed to get external metric ${name}` : `failed to get ${name} external metric`)
}
