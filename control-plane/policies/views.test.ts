import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { noCache } from '../apiserver/core/no-cache.ts'
import { resourcesOf } from '../apiserver/core/resources.ts'
import { admin, startTestServer, type TestServer } from '../apiserver/core/testing.ts'
import { servedKinds } from '../registry/registry.ts'
import { matchOf } from './matching.ts'
import { changingViews, viewsOf } from './views.ts'

const ROOT = '/apis/admissionregistration.k8s.io/v1'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.ask('POST /apis/apps/v1/namespaces/x/deployments', { metadata: { name: 'd' }, spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } })
  await server.ask('POST /api/v1/namespaces/x/pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
})
afterAll(() => server.stop())

interface Rule {
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  readonly resources: readonly string[]
  readonly operations: readonly string[]
}

const WORDS = 'request.operation + " " + request.kind.kind + "." + request.kind.version + " " + request.requestKind.version + " " + request.resource.resource + "/" + request.?subResource.orValue("") + " " + object.kind'

/** What a policy says that refuses whatever its rule is about, once it is known. */
async function refusal(name: string, rule: Rule, { line, body, say = WORDS, more = {} }: { readonly line: string; readonly body?: object; readonly say?: string; readonly more?: object }): Promise<string> {
  await server.ask(`POST ${ROOT}/validatingadmissionpolicies`, { metadata: { name }, spec: { matchConstraints: { resourceRules: [rule], ...more }, validations: [{ expression: 'false', messageExpression: say }] } })
  await server.ask(`POST ${ROOT}/validatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } })
  const said = async (): Promise<string> => String((await server.ask(line, body)).body['message'])
  await expect.poll(said, { timeout: 30_000 }).toContain(`'${name}' denied request: `)
  const message = await said()
  await server.ask(`DELETE ${ROOT}/validatingadmissionpolicybindings/${name}`)
  await server.ask(`DELETE ${ROOT}/validatingadmissionpolicies/${name}`)
  return message.slice(message.indexOf('denied request: ') + 'denied request: '.length)
}

const rule = (operation: string, resource: string, group = '', version = 'v1'): Rule => ({ apiGroups: [group], apiVersions: [version], resources: [resource], operations: [operation] })

test('of subresources with kinds of their own policies are shown those', async () => {
  const scale = { metadata: { name: 'd' }, spec: { replicas: 3 } }
  expect(await refusal('scale', rule('UPDATE', 'deployments/scale', 'apps'), { line: 'PUT /apis/apps/v1/namespaces/x/deployments/d/scale', body: scale, say: `${WORDS} + " " + string(object.spec.replicas) + " " + string(has(oldObject.spec.replicas))` })).toBe('UPDATE Scale.v1 v1 deployments/scale Scale 3 false')
  expect(await refusal('evict', rule('CREATE', 'pods/eviction'), { line: 'POST /api/v1/namespaces/x/pods/p/eviction', body: { metadata: { name: 'p' } } })).toBe('CREATE Eviction.v1 v1 pods/eviction Eviction')
  expect(await refusal('bind', rule('CREATE', 'pods/binding'), { line: 'POST /api/v1/namespaces/x/pods/p/binding', body: { metadata: { name: 'p' }, target: { name: 'n' } }, say: `${WORDS} + " " + object.target.name` })).toBe('CREATE Binding.v1 v1 pods/binding Binding n')
  expect(await refusal('token', rule('CREATE', 'serviceaccounts/token'), { line: 'POST /api/v1/namespaces/x/serviceaccounts/default/token', body: { spec: { audiences: ['a'] } } })).toBe('CREATE TokenRequest.v1 v1 serviceaccounts/token TokenRequest')
})

test('connections are asked about before anybody looks whether there is something to connect to', async () => {
  expect(await refusal('exec', rule('CONNECT', 'pods/exec'), { line: 'POST /api/v1/namespaces/x/pods/none/exec?command=sh&command=-c&stdin=true&tty=true&container=c', say: `${WORDS} + " " + object.command.join(",") + " " + string(object.tty) + " " + string(has(object.stdout)) + " " + object.container` })).toBe('CONNECT PodExecOptions.v1 v1 pods/exec PodExecOptions sh,-c true false c')
  expect(await refusal('attach', rule('CONNECT', 'pods/attach'), { line: 'POST /api/v1/namespaces/x/pods/p/attach', say: `${WORDS} + " " + string(object.stdout)` })).toBe('CONNECT PodAttachOptions.v1 v1 pods/attach PodAttachOptions true')
  expect(await refusal('forward', rule('CONNECT', 'pods/portforward'), { line: 'POST /api/v1/namespaces/x/pods/p/portforward?ports=80,81', say: `${WORDS} + " " + string(object.ports[1])` })).toBe('CONNECT PodPortForwardOptions.v1 v1 pods/portforward PodPortForwardOptions 81')
  expect(await refusal('pod-proxy', rule('CONNECT', 'pods/proxy'), { line: 'GET /api/v1/namespaces/x/pods/p/proxy/a/b', say: `${WORDS} + " " + object.path` })).toBe('CONNECT PodProxyOptions.v1 v1 pods/proxy PodProxyOptions /a/b')
  expect(await refusal('service-proxy', rule('CONNECT', 'services/proxy'), { line: 'GET /api/v1/namespaces/x/services/s/proxy' })).toBe('CONNECT ServiceProxyOptions.v1 v1 services/proxy ServiceProxyOptions')
  expect(await refusal('node-proxy', rule('CONNECT', 'nodes/proxy'), { line: 'GET /api/v1/nodes/n/proxy' })).toBe('CONNECT NodeProxyOptions.v1 v1 nodes/proxy NodeProxyOptions')
})

test('a rule about one version of a resource is about all of them, in its own words', async () => {
  const autoscaler = { metadata: { name: 'h' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3, targetCPUUtilizationPercentage: 70 } }
  const line = 'POST /apis/autoscaling/v1/namespaces/x/horizontalpodautoscalers'
  const say = `${WORDS} + " " + string(object.spec.metrics[0].resource.target.averageUtilization) + " " + object.apiVersion`
  expect(await refusal('newer', rule('CREATE', 'horizontalpodautoscalers', 'autoscaling', 'v2'), { line, body: autoscaler, say })).toBe('CREATE HorizontalPodAutoscaler.v2 v1 horizontalpodautoscalers/ HorizontalPodAutoscaler 70 autoscaling/v2')
  expect(await refusal('same', rule('CREATE', 'horizontalpodautoscalers', 'autoscaling', 'v1'), { line, body: autoscaler })).toBe('CREATE HorizontalPodAutoscaler.v1 v1 horizontalpodautoscalers/ HorizontalPodAutoscaler')
})

test('a rule may be about exactly what it names', async () => {
  const rules = [rule('CREATE', 'horizontalpodautoscalers', 'autoscaling', 'v2')]
  await server.ask(`POST ${ROOT}/validatingadmissionpolicies`, { metadata: { name: 'exact' }, spec: { matchConstraints: { matchPolicy: 'Exact', resourceRules: rules }, validations: [{ expression: 'false' }] } })
  await server.ask(`POST ${ROOT}/validatingadmissionpolicybindings`, { metadata: { name: 'exact' }, spec: { policyName: 'exact', validationActions: ['Deny'] } })
  const body = { metadata: { name: 'e' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 } }
  const said = async (version: string): Promise<string> => String((await server.ask(`POST /apis/autoscaling/${version}/namespaces/x/horizontalpodautoscalers?dryRun=All`, body)).body['message'])
  await expect.poll(() => said('v2'), { timeout: 30_000 }).toContain("'exact' denied request")
  expect(await said('v1')).toBe('undefined')
})

test('equivalents are looked for when they are asked for, once for each resource, and a view is made once for each state of the object', () => {
  let looks = 0
  const served = resourcesOf(servedKinds, () => noCache)
  const all = served.all.map((store) => ({
    ...store,
    get location() {
      looks++
      return store.location
    },
  }))
  const resources = { ...served, all }
  const store = all.find(({ apiVersion, definition }) => apiVersion === 'autoscaling/v1' && definition.kind === 'HorizontalPodAutoscaler')
  if (!store) throw new Error('not served')
  const object = { metadata: { name: 'h' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 } }
  const call = { user: admin, manager: 'm', dryRun: false, signal: new AbortController().signal, warn: () => {} }
  const request: AdmissionRequest = { operation: 'CREATE', store, namespace: 'x', name: 'h', subresource: '', object, old: undefined, call }
  const about = (version: string) => ({ resourceRules: [rule('CREATE', 'horizontalpodautoscalers', 'autoscaling', version)] })

  const { subjects } = viewsOf(request, resources, undefined)
  expect([matchOf(about('v1'), subjects, false), matchOf({ ...about('v2'), matchPolicy: 'Exact' }, subjects, false), looks]).toEqual([0, -1, 0])
  expect(matchOf(about('v2'), subjects, false)).toBe(1)
  const once = looks
  expect(once).toBeGreaterThan(0)
  const views = changingViews(request, resources, undefined)
  expect(matchOf(about('v2'), views(object).subjects, false)).toBe(1)
  expect(looks).toBe(once)
  expect(views(object).at(1)).toBe(views(object).at(1))
  expect(views(object).at(1).request.object['spec']).toHaveProperty('maxReplicas', 3)
  expect(views({ ...object, metadata: { name: 'h', labels: { a: 'b' } } }).at(1).request.object['metadata']).toEqual({ name: 'h', labels: { a: 'b' } })
})
