import type { Service } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { cidrWarnings, ipWarnings } from './addresses.ts'

const OLD_HINTS = 'service.kubernetes.io/topology-aware-hints'
const HINTS = 'service.kubernetes.io/topology-mode'

export function serviceWarnings(service: Service, _old: Service | undefined, { subresource }: StrategyContext): readonly string[] {
  const { metadata, spec, status } = service
  if (subresource === 'status') return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) => (ip ? ipWarnings(`status.loadBalancer.ingress[${index}].ip`, ip) : []))
  if (!spec) return []
  const warnings: string[] = []
  if (metadata.annotations?.[OLD_HINTS] !== undefined) warnings.push(`annotation ${OLD_HINTS} is deprecated, please use ${HINTS} instead`)
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None'
  if (spec.clusterIP && spec.clusterIP !== 'None' && spec.type !== 'ExternalName') warnings.push(...(spec.clusterIPs ?? []).flatMap((ip, index) => ipWarnings(`spec.clusterIPs[${index}]`, ip)))
  if (headless) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  const external = spec.type === 'ExternalName'
  warnings.push(...(spec.externalIPs ?? []).flatMap((ip, index) => ipWarnings(`spec.externalIPs[${index}]`, ip)))
  if (spec.externalIPs?.length && !headless && !external) warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  if (spec.loadBalancerIP) warnings.push(...ipWarnings('spec.loadBalancerIP', spec.loadBalancerIP))
  warnings.push(...(spec.loadBalancerSourceRanges ?? []).flatMap((range, index) => cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range)))
  if (spec.externalIPs?.length && external) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (spec.externalName && spec.type !== 'ExternalName') warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose') warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}
