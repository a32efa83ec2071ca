/** Every kind the API serves, in the order in which discovery lists the resources of a group. */
import { configMap } from './config-map.ts'
import { deployment } from './deployment.ts'
import { endpointSlice } from './endpoint-slice.ts'
import { event } from './event.ts'
import { eventsEvent } from './events-event.ts'
import type { KindDefinition } from './kind.ts'
import { lease } from './lease.ts'
import { namespace } from './namespace.ts'
import { node } from './node.ts'
import { pod } from './pod.ts'
import { podTemplate } from './pod-template.ts'
import { replicaSet } from './replica-set.ts'
import { secret } from './secret.ts'
import { serviceAccount } from './service-account.ts'
import { service } from './service.ts'

export const kinds: readonly KindDefinition[] = [configMap, event, namespace, node, pod, podTemplate, secret, serviceAccount, service, deployment, replicaSet, endpointSlice, lease]

/** Kinds stored as others (`storedAs`). The API server does not serve them yet. */
export const alternateKinds: readonly KindDefinition[] = [eventsEvent]

const key = (group: string, version: string, name: string): string => `${group}/${version}/${name}`

const byPlural = new Map(kinds.map((one) => [key(one.group, one.version, one.plural), one]))
const byKind = new Map(kinds.map((one) => [key(one.group, one.version, one.kind), one]))

/** By what stands in a path: `apps`, `v1`, `deployments`. */
export const findByPlural = (group: string, version: string, plural: string): KindDefinition | undefined => byPlural.get(key(group, version, plural))

/** By what stands in an object: `apps`, `v1`, `Deployment`. */
export const findByKind = (group: string, version: string, kind: string): KindDefinition | undefined => byKind.get(key(group, version, kind))
