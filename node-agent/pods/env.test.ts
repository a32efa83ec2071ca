import { expect, test } from 'vitest'
import type { Container, Pod, Service } from '../../shared/model/gen/api.ts'
import { containerEnv, type EnvSources } from './env.ts'

const pod: Pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { app: 'web' } }, spec: { enableServiceLinks: true, nodeName: 'n', serviceAccountName: 'default', containers: [{ name: 'c' }] } }
const sources: EnvSources = {
  configMap: (_namespace, name) => (name === 'odd' ? { metadata: {}, data: { 'a-b': 'dash', '1a': 'digit', ok: 'ok' } } : undefined),
  secret: (_namespace, name) => (name === 's' ? { metadata: {}, data: { k: 'w6R2YWx1ZQ==' } } : undefined),
  services: [],
  status: { hostIP: '192.0.2.1', podIP: '10.0.0.2' },
  allocatable: { cpu: '2' },
  file: () => "OTHER='x'\nKEY='from file'\n",
}
const env = (container: Partial<Container>, given: Partial<EnvSources> = {}, of: Pod = pod): unknown => {
  const result = containerEnv(of, { name: 'c', ...container }, { ...sources, ...given })
  return result.kind === 'env' ? result.env : result.message
}

test('a later one wins; $(NAME) knows earlier ones only; escapes', () => {
  const list = { A: 'one', B: '$(A)-two', C: '$(LATER)', D: '$$(A)', E: '$$$(A)', F: '$(A', G: '$(UNKNOWN) $A ${A}', H: '$(B)/$(C)', LATER: 'late' }
  expect(env({ env: [...Object.entries(list).map(([name, value]) => ({ name, value })), { name: 'X', value: 'first' }, { name: 'X', value: 'second' }] })).toEqual({ A: 'one', B: 'one-two', C: '$(LATER)', D: '$(A)', E: '$one', F: '$(A', G: '$(UNKNOWN) $A ${A}', H: 'one-two/$(LATER)', LATER: 'late', X: 'second' })
})

test('envFrom: odd keys, prefixes, what is missing', () => {
  expect(env({ envFrom: [{ configMapRef: { name: 'odd' } }, { prefix: 'P_', configMapRef: { name: 'odd' } }, { secretRef: { name: 's' } }] })).toEqual({ 'a-b': 'dash', '1a': 'digit', ok: 'ok', 'P_a-b': 'dash', P_1a: 'digit', P_ok: 'ok', k: 'ävalue' })
  expect(env({ envFrom: [{ configMapRef: { name: 'nope', optional: true } }] })).toEqual({})
  expect(env({ envFrom: [{ configMapRef: { name: 'nope' } }] })).toBe('configmap "nope" not found')
})

test('valueFrom: keys, fields, resources, files', () => {
  const from = (valueFrom: object): unknown => env({ env: [{ name: 'A', valueFrom }] })
  expect(from({ secretKeyRef: { name: 's', key: 'k' } })).toEqual({ A: 'ävalue' })
  expect(from({ secretKeyRef: { name: 's', key: 'no' } })).toBe("couldn't find key no in Secret ns/s")
  expect(from({ secretKeyRef: { name: 's', key: 'no', optional: true } })).toEqual({})
  expect(from({ configMapKeyRef: { name: 'odd', key: 'no' } })).toBe("couldn't find key no in ConfigMap ns/odd")
  expect(from({ fieldRef: { fieldPath: "metadata.labels['app']" } })).toEqual({ A: 'web' })
  expect(from({ fieldRef: { fieldPath: 'status.podIP' } })).toEqual({ A: '10.0.0.2' })
  expect(from({ resourceFieldRef: { resource: 'limits.cpu' } })).toEqual({ A: '2' })
  expect(from({ fileKeyRef: { volumeName: 'd', path: 'f', key: 'KEY' } })).toEqual({ A: 'from file' })
  expect(env({ env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'd', path: 'f', key: 'KEY' } } }] }, { file: () => 'KEY=plain words\n' })).toBe("couldn't parse env file")
})

test('services: their variables, links or none, the own value wins', () => {
  const service = (namespace: string, name: string, ports: NonNullable<Service['spec']>['ports']): Service => ({ metadata: { namespace, name }, spec: { clusterIP: '10.96.0.7', ports } })
  const services = [service('default', 'kubernetes', [{ name: 'https', port: 443, protocol: 'TCP' }]), service('ns', 'my-db', [{ name: 'dns', port: 53, protocol: 'UDP' }])]
  const all = env({ env: [{ name: 'MY_DB_SERVICE_PORT', value: 'mine' }] }, { services }) as Readonly<Record<string, string>>
  expect(all).toMatchObject({ KUBERNETES_SERVICE_HOST: '10.96.0.7', KUBERNETES_SERVICE_PORT: '443', KUBERNETES_SERVICE_PORT_HTTPS: '443', KUBERNETES_PORT: 'tcp://10.96.0.7:443', KUBERNETES_PORT_443_TCP_PROTO: 'tcp', MY_DB_SERVICE_PORT: 'mine', MY_DB_SERVICE_PORT_DNS: '53', MY_DB_PORT: 'udp://10.96.0.7:53', MY_DB_PORT_53_UDP_ADDR: '10.96.0.7' })
  expect(Object.keys(env({}, { services }, { ...pod, spec: { ...pod.spec, enableServiceLinks: false, containers: [] } }) as object).filter((name) => name.startsWith('MY_DB'))).toEqual([])
})
