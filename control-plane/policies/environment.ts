/** What the expressions of policies and match conditions may name. */
import { messageKey } from '../cel/check.ts'
import { authorizerTypes } from '../cel/authorizer.ts'
import { BOOL, type CelType, DYN, INT, listOf, mapOf, plain, STRING, TIMESTAMP } from '../cel/types.ts'

const object = (name: string, fields: Readonly<Record<string, CelType>>): CelType => ({ kind: 'object', name, fields: new Map(Object.entries(fields)) })

const KIND = object('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING })
const RESOURCE = object('kubernetes.GroupVersionResource', { group: STRING, version: STRING, resource: STRING })
const USER = object('kubernetes.UserInfo', { username: STRING, uid: STRING, groups: listOf(STRING), extra: mapOf(STRING, listOf(STRING)) })

export const requestType = object('kubernetes.AdmissionRequest', {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
})

const META = object('kubernetes.NamespaceMetadata', {
  name: STRING,
  generateName: STRING,
  namespace: STRING,
  labels: mapOf(STRING, STRING),
  annotations: mapOf(STRING, STRING),
  UID: STRING,
  creationTimestamp: TIMESTAMP,
  deletionGracePeriodSeconds: INT,
  deletionTimestamp: TIMESTAMP,
  generation: INT,
  resourceVersion: STRING,
  finalizers: listOf(STRING),
})
const CONDITION = object('kubernetes.NamespaceCondition', { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING })

/** What Kubernetes tells of a namespace, which is less than there is. */
export const namespaceType = object('kubernetes.Namespace', {
  metadata: META,
  spec: object('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: object('kubernetes.NamespaceStatus', { conditions: listOf(CONDITION), phase: STRING }),
})

/** Of a variable's type, what is known where it is named: nothing of what only libraries know. */
export function variableType(type: CelType): CelType {
  switch (type.kind) {
    case 'plain':
      return KEPT.has(type.name) ? type : DYN
    case 'list':
      return listOf(variableType(type.items))
    case 'map':
      return mapOf(variableType(type.keys), variableType(type.values))
    default:
      return DYN
  }
}

const KEPT: ReadonlySet<string> = new Set(['bool', 'bytes', 'double', 'duration', 'int', 'null', 'string', 'timestamp', 'uint'])

export interface EnvironmentOptions {
  readonly hasParams: boolean
  readonly hasAuthorizer: boolean
  /** Whether expressions may make objects and patches. */
  readonly mutates?: boolean
  /** Types of the policy's own variables, if it has any. */
  readonly variables?: ReadonlyMap<string, CelType> | undefined
}

export const patchType = object('JSONPatch', { op: STRING, path: STRING, from: STRING, value: DYN })

export function environment({ hasParams, hasAuthorizer, mutates = false, variables }: EnvironmentOptions): ReadonlyMap<string, CelType> {
  return new Map<string, CelType>([
    ['object', DYN],
    ['oldObject', DYN],
    ['request', requestType],
    ['namespaceObject', namespaceType],
    ...(hasParams ? ([['params', DYN]] as const) : []),
    ...(hasAuthorizer ? ([['authorizer', plain(authorizerTypes.authorizer)]] as const) : []),
    ...(hasAuthorizer ? ([['authorizer.requestResource', plain(authorizerTypes.resourceCheck)]] as const) : []),
    ...(mutates ? ([[messageKey('Object'), DYN], [messageKey('Object.*'), DYN], [messageKey('JSONPatch'), patchType]] as const) : []),
    ...(variables ? ([['variables', { kind: 'object', name: 'kubernetes.variables', fields: variables }]] as const) : []),
  ])
}
