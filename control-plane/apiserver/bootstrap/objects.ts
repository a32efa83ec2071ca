/** What every new cluster holds by itself, as it was read from a real Kubernetes 1.36 (`registry/bootstrap`). */
import apiServices from '../../registry/bootstrap/apiservices.json' with { type: 'json' }
import clusterRoleBindings from '../../registry/bootstrap/clusterrolebindings.json' with { type: 'json' }
import clusterRoles from '../../registry/bootstrap/clusterroles.json' with { type: 'json' }
import flowSchemas from '../../registry/bootstrap/flowschemas.json' with { type: 'json' }
import namespaces from '../../registry/bootstrap/namespaces.json' with { type: 'json' }
import priorityClasses from '../../registry/bootstrap/priorityclasses.json' with { type: 'json' }
import priorityLevels from '../../registry/bootstrap/prioritylevelconfigurations.json' with { type: 'json' }
import roleBindings from '../../registry/bootstrap/rolebindings.json' with { type: 'json' }
import roles from '../../registry/bootstrap/roles.json' with { type: 'json' }
import serviceAccounts from '../../registry/bootstrap/serviceaccounts.json' with { type: 'json' }
import type { JsonObject } from '../../../shared/model/json.ts'

export interface BootstrapObjects {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly objects: readonly JsonObject[]
}

const of = (group: string, version: string, [plural, objects]: readonly [string, unknown]): BootstrapObjects => ({ group, version, plural, objects: objects as readonly JsonObject[] })

export const RBAC = 'rbac.authorization.k8s.io'
const FLOW = 'flowcontrol.apiserver.k8s.io'

/** In an order in which each finds what it needs. Kinds that are not served are passed over. */
export const bootstrapObjects: readonly BootstrapObjects[] = [
  of('', 'v1', ['namespaces', namespaces]),
  of('', 'v1', ['serviceaccounts', serviceAccounts]),
  of('scheduling.k8s.io', 'v1', ['priorityclasses', priorityClasses]),
  of(RBAC, 'v1', ['clusterroles', clusterRoles]),
  of(RBAC, 'v1', ['clusterrolebindings', clusterRoleBindings]),
  of(RBAC, 'v1', ['roles', roles]),
  of(RBAC, 'v1', ['rolebindings', roleBindings]),
  of(FLOW, 'v1', ['prioritylevelconfigurations', priorityLevels]),
  of(FLOW, 'v1', ['flowschemas', flowSchemas]),
  of('apiregistration.k8s.io', 'v1', ['apiservices', apiServices]),
]

/** Where the API server can be reached from pods. */
export interface Advertised {
  /** IPv4. */
  readonly host: string
  readonly port: number
}

export const kubernetesService = (serviceIp: string, { port }: Advertised): JsonObject => ({
  metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: { type: 'ClusterIP', clusterIP: serviceIp, clusterIPs: [serviceIp], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }] },
})

export const kubernetesSlice = (addresses: readonly string[], { port }: Advertised): JsonObject => ({
  metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4',
  endpoints: addresses.map((address): JsonObject => ({ addresses: [address], conditions: { ready: true } })),
  ports: [{ name: 'https', port, protocol: 'TCP' }],
})

/** The range that service addresses come from. */
export const serviceRange = (cidr: string): JsonObject => ({
  metadata: { name: 'kubernetes', finalizers: ['networking.k8s.io/service-cidr-finalizer'] },
  spec: { cidrs: [cidr] },
})

export const serviceRangeStatus = (now: string): JsonObject => ({ conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now, reason: '', message: 'Kubernetes Service CIDR is ready' }] })
