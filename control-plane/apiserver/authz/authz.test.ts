import { describe, expect, test } from 'vitest'
import { createAuthorizer } from './authz.ts'
import { requestAttributes } from './attributes.ts'
import { forbiddenStatus } from './forbidden.ts'
import type { NodeIndex } from './node.ts'
import { bootstrapRbac } from './testing.ts'
import type { User } from '../request.ts'

const user = (name: string, ...groups: string[]): User => ({ name, uid: '', groups, extra: {} })
const admin = user('admin', 'system:masters', 'system:authenticated')
const stranger = user('nobody.example', 'system:authenticated')
const anonymous = user('system:anonymous', 'system:unauthenticated')
const node = user('system:node:one', 'system:nodes', 'system:authenticated')
const account = user('system:serviceaccount:x:default', 'system:serviceaccounts', 'system:serviceaccounts:x', 'system:authenticated')

const nodes: NodeIndex = {
  isPodOfNode: (nodeName, pod) => nodeName === 'one' && pod.namespace === 'x' && pod.name === 'mine',
  isReferencedByNode: (nodeName, object) => nodeName === 'one' && object.namespace === (object.resource === 'persistentvolumes' ? '' : 'x') && object.name === 'used',
}
const authorizer = createAuthorizer({ nodes, rbac: bootstrapRbac().authorizer })

function ask(who: User, line: string): string {
  const [method = '', target = ''] = line.split(' ')
  const url = new URL(target, 'http://server')
  return authorizer(requestAttributes({ user: who, method, path: decodeURIComponent(url.pathname), query: url.searchParams })).kind
}

function refusal(line: string, who = stranger): unknown {
  const [method = '', target = ''] = line.split(' ')
  const url = new URL(target, 'http://server')
  const attributes = requestAttributes({ user: who, method, path: url.pathname, query: url.searchParams })
  const decision = authorizer(attributes)
  const { message, details } = forbiddenStatus(attributes, decision.reason)
  return { message, details }
}

describe('who may what', () => {
  const table: ReadonlyArray<readonly [User, string, string]> = [
    [admin, 'DELETE /api/v1/nodes', 'allow'],
    [admin, 'GET /metrics', 'allow'],
    [stranger, 'GET /api', 'allow'],
    [stranger, 'GET /apis/apps/v1', 'allow'],
    [stranger, 'GET /openapi/v3/api/v1', 'allow'],
    [stranger, 'POST /apis', 'no-opinion'],
    [stranger, 'GET /metrics', 'no-opinion'],
    [stranger, 'GET /api/v1/pods', 'no-opinion'],
    [stranger, 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'allow'],
    [stranger, 'POST /apis/authorization.k8s.io/v1/subjectaccessreviews', 'no-opinion'],
    [account, 'GET /apis', 'allow'],
    [account, 'GET /openid/v1/jwks', 'allow'],
    [account, 'GET /api/v1/namespaces/x/secrets', 'no-opinion'],
    [anonymous, 'GET /version', 'allow'],
    [anonymous, 'GET /readyz', 'allow'],
    [anonymous, 'GET /livez/ping', 'no-opinion'],
    [anonymous, 'GET /api', 'no-opinion'],
    [anonymous, 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'no-opinion'],
    [node, 'GET /api/v1/nodes/one', 'allow'],
    [node, 'GET /api/v1/nodes?fieldSelector=metadata.name%3Done&watch=1', 'allow'],
    [node, 'PATCH /api/v1/nodes/one/status', 'allow'],
    [node, 'PATCH /api/v1/nodes/two/status', 'no-opinion'],
    [node, 'GET /api/v1/nodes', 'no-opinion'],
    [node, 'DELETE /api/v1/nodes/one', 'no-opinion'],
    [node, 'GET /api/v1/pods?fieldSelector=spec.nodeName=one', 'allow'],
    [node, 'GET /api/v1/pods?fieldSelector=spec.nodeName!=one', 'no-opinion'],
    [node, 'GET /api/v1/pods?fieldSelector=spec.nodeName=two', 'no-opinion'],
    [node, 'GET /api/v1/pods', 'no-opinion'],
    [node, 'GET /api/v1/namespaces/x/pods/mine', 'allow'],
    [node, 'PATCH /api/v1/namespaces/x/pods/mine/status', 'allow'],
    [node, 'PATCH /api/v1/namespaces/x/pods/mine', 'no-opinion'],
    [node, 'POST /api/v1/namespaces/x/pods/mine/exec', 'no-opinion'],
    [node, 'POST /api/v1/namespaces/x/pods/mine/eviction', 'allow'],
    [node, 'POST /api/v1/namespaces/x/pods/other/eviction', 'no-opinion'],
    [node, 'GET /api/v1/namespaces/x/pods/other', 'no-opinion'],
    [node, 'GET /api/v1/namespaces/x/secrets/used', 'allow'],
    [node, 'GET /api/v1/namespaces/x/secrets/other', 'no-opinion'],
    [node, 'GET /api/v1/namespaces/x/secrets', 'no-opinion'],
    [node, 'PUT /api/v1/namespaces/x/secrets/used', 'no-opinion'],
    [node, 'GET /api/v1/namespaces/x/persistentvolumeclaims/used', 'allow'],
    [node, 'GET /api/v1/namespaces/x/persistentvolumeclaims/other', 'no-opinion'],
    [node, 'GET /api/v1/namespaces/x/persistentvolumeclaims', 'no-opinion'],
    [node, 'GET /api/v1/namespaces/x/persistentvolumeclaims/used/status', 'no-opinion'],
    [node, 'DELETE /api/v1/namespaces/x/persistentvolumeclaims/used', 'no-opinion'],
    [node, 'GET /api/v1/persistentvolumes/used', 'allow'],
    [node, 'GET /api/v1/persistentvolumes/other', 'no-opinion'],
    [node, 'GET /api/v1/persistentvolumes', 'no-opinion'],
    [node, 'PATCH /api/v1/persistentvolumes/used', 'no-opinion'],
    [node, 'POST /api/v1/namespaces/x/serviceaccounts/used/token', 'allow'],
    [node, 'POST /api/v1/namespaces/x/serviceaccounts/other/token', 'no-opinion'],
    [node, 'PUT /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/one', 'allow'],
    [node, 'PUT /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/two', 'no-opinion'],
    [node, 'PUT /apis/coordination.k8s.io/v1/namespaces/x/leases/one', 'no-opinion'],
    [node, 'GET /apis/discovery.k8s.io/v1/endpointslices?watch=true', 'allow'],
    [node, 'POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', 'allow'],
    [node, 'POST /apis/coordination.k8s.io/v1/namespaces/x/leases', 'no-opinion'],
    [node, 'GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', 'no-opinion'],
    // Named in its body alone: admission looks at it.
    [node, 'POST /api/v1/nodes', 'allow'],
    [node, 'POST /api/v1/namespaces/x/pods', 'allow'],
    [node, 'DELETE /api/v1/namespaces/x/pods/mine', 'allow'],
    [node, 'DELETE /api/v1/namespaces/x/pods/other', 'no-opinion'],
    [node, 'DELETE /api/v1/namespaces/x/pods?fieldSelector=spec.nodeName=one', 'no-opinion'],
    [node, 'PATCH /api/v1/namespaces/x/persistentvolumeclaims/used/status', 'allow'],
    [node, 'PATCH /api/v1/namespaces/x/persistentvolumeclaims/other/status', 'no-opinion'],
    [node, 'GET /apis/resource.k8s.io/v1/namespaces/x/resourceclaims/used', 'allow'],
    [node, 'GET /apis/resource.k8s.io/v1/namespaces/x/resourceclaims', 'no-opinion'],
    [node, 'PUT /apis/storage.k8s.io/v1/csinodes/one', 'allow'],
    [node, 'PUT /apis/storage.k8s.io/v1/csinodes/two', 'no-opinion'],
    [node, 'GET /apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName=one', 'allow'],
    [node, 'DELETE /apis/resource.k8s.io/v1/resourceslices', 'no-opinion'],
    [node, 'GET /apis/node.k8s.io/v1/runtimeclasses', 'allow'],
    [node, 'POST /apis/node.k8s.io/v1/runtimeclasses', 'no-opinion'],
    [node, 'POST /apis/authentication.k8s.io/v1/tokenreviews', 'allow'],
    [node, 'POST /apis/certificates.k8s.io/v1/certificatesigningrequests', 'allow'],
    [node, 'PUT /apis/certificates.k8s.io/v1/certificatesigningrequests/a/approval', 'no-opinion'],
    [user('system:node:', 'system:nodes', 'system:authenticated'), 'GET /api/v1/services', 'no-opinion'],
    [user('system:node:one', 'system:authenticated'), 'GET /api/v1/nodes/one', 'no-opinion'],
  ]
  for (const [who, line, expected] of table) test(`${who.name}: ${line} → ${expected}`, () => expect(ask(who, line)).toBe(expected))
})

describe('refusals read as those of Kubernetes', () => {
  const table: ReadonlyArray<readonly [string, string, object]> = [
    ['GET /api/v1/namespaces/y/pods', 'pods is forbidden: User "nobody.example" cannot list resource "pods" in API group "" in the namespace "y"', { kind: 'pods' }],
    ['GET /api/v1/namespaces/y/pods?watch=true', 'pods is forbidden: User "nobody.example" cannot watch resource "pods" in API group "" in the namespace "y"', { kind: 'pods' }],
    ['DELETE /api/v1/namespaces/y/pods', 'pods is forbidden: User "nobody.example" cannot deletecollection resource "pods" in API group "" in the namespace "y"', { kind: 'pods' }],
    ['GET /apis/apps/v1/namespaces/y/deployments/web/scale', 'deployments.apps "web" is forbidden: User "nobody.example" cannot get resource "deployments/scale" in API group "apps" in the namespace "y"', { name: 'web', group: 'apps', kind: 'deployments' }],
    ['GET /api/v1/namespaces/x', 'namespaces "x" is forbidden: User "nobody.example" cannot get resource "namespaces" in API group "" in the namespace "x"', { name: 'x', kind: 'namespaces' }],
    ['GET /api/v1/nodes', 'nodes is forbidden: User "nobody.example" cannot list resource "nodes" in API group "" at the cluster scope', { kind: 'nodes' }],
    ['GET /api/v1/nodes/n/proxy/stats', 'nodes "n" is forbidden: User "nobody.example" cannot get resource "nodes/proxy" in API group "" at the cluster scope', { name: 'n', kind: 'nodes' }],
    ['GET /metrics', 'forbidden: User "nobody.example" cannot get path "/metrics"', {}],
    ['GET /apis/nothere.example.com/v1/namespaces/y/things', 'things.nothere.example.com is forbidden: User "nobody.example" cannot list resource "things" in API group "nothere.example.com" in the namespace "y"', { group: 'nothere.example.com', kind: 'things' }],
  ]
  for (const [line, message, details] of table) test(line, () => expect(refusal(line)).toEqual({ message, details }))

  test('a node is told why', () => {
    expect(refusal('GET /api/v1/namespaces/x/secrets/other', node)).toMatchObject({
      message: `secrets "other" is forbidden: User "system:node:one" cannot get resource "secrets" in API group "" in the namespace "x": no relationship found between node 'one' and this object`,
    })
  })
})
