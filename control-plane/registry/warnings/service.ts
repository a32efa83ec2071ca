import type { Service } from '../../../shared/model/gen/api.ts'
import { cidrWarnings, ipWarnings } from './addresses.ts'

const OLD_HINTS = 'service.kubernetes.io/topology-aware-hints'
const HINTS = 'service.kubernetes.io/topology-mode'

export function serviceWarnings({ metadata, spec }: Service): readonly string[] {
  if (!spec) return []
  const warnings: string[] = []
  if (metadata.annotations?.[OLD_HINTS] !== undefined) warnings.push(`annotation ${OLD_HINTS} is deprecated, please use ${HINTS} instead`)
  const headless = spec.clusterIP === 'None'
  if (spec.clusterIP && !headless && spec.type !== 'ExternalName') warnings.push(...(spec.clusterIPs ?? []).flatMap((ip, index) => ipWarnings(`spec.clusterIPs[${index}]`, ip)))
  if (headless) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored when spec.clusterIP is "None"')
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored when spec.clusterIP is "None"')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored when spec.clusterIP is "None"')
  }
  if (spec.externalIPs?.length) warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  if (spec.loadBalancerIP) warnings.push(...ipWarnings('spec.loadBalancerIP', spec.loadBalancerIP))
  warnings.push(...(spec.externalIPs ?? []).flatMap((ip, index) => ipWarnings(`spec.externalIPs[${index}]`, ip)))
  warnings.push(...(spec.loadBalancerSourceRanges ?? []).flatMap((range, index) => cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range)))
  if (spec.externalName && spec.type !== 'ExternalName') warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  return warnings
}
