import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Flags } from '../program/flags.ts'
import { mergeFiles } from './kubeconfig.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { targetOf } from './target.ts'

const KUBECONFIG = `# mine
apiVersion: v1
kind: Config
clusters:
  - name: one
    cluster:
      server: https://10.0.0.1:6443
      certificate-authority-data: Q0E=
      insecure-skip-tls-verify: false
  - cluster:
      server: "https://10.0.0.2:6443"
      certificate-authority: pki/ca.crt
    name: two
contexts:
- context:
    cluster: one
    namespace: shop
    user: me
  name: work
- context: {cluster: two, user: me}
  name: flow
current-context: work
preferences: {}
users:
- name: me
  user:
    token: abc
`

test('plain kubeconfigs are read without the whole YAML reader, and the same', () => {
  const plain = KUBECONFIG.replace('{cluster: two, user: me}', '\n    cluster: two\n    user: me')
  expect(readPlainYaml(plain)).toEqual(parse(plain))
  expect(readPlainYaml('{"a": [1]}')).toEqual({ a: [1] })
})

test.each([KUBECONFIG, 'a: |\n  text\n', 'a: &x 1\nb: *x\n', 'a: "x\\n"\n', 'a: b: c\n', 'a:\n  - b\n c: d\n', '? a\n: b\n', 'a: 12 # note\n'])('what is not plain is left to the whole reader: %j', (text) => {
  expect(readPlainYaml(text)).toBeUndefined()
})

const flags = (given: Readonly<Record<string, string>>): Flags => ({ text: (name) => given[name], list: () => [], is: (name) => given[name] === 'true', given: (name) => given[name] !== undefined, knows: () => true })
const config = mergeFiles([{ content: parse(KUBECONFIG) as Record<string, unknown>, folder: '/home/me/.kube' }])

test('the current context says where and who', () => {
  const { rest, namespace, namespaceGiven } = targetOf(config, flags({}), {})
  expect(rest).toMatchObject({ server: 'https://10.0.0.1:6443', ca: 'CA', bearerToken: 'abc' })
  expect([namespace, namespaceGiven]).toEqual(['shop', false])
})

test('flags are right before the file', () => {
  const { rest, namespace } = targetOf(config, flags({ server: '1.2.3.4:1', token: 'xyz', namespace: 'other', 'insecure-skip-tls-verify': 'true' }), {})
  expect(rest).toMatchObject({ server: 'https://1.2.3.4:1', bearerToken: 'xyz', insecureSkipVerify: true })
  expect(namespace).toBe('other')
})

test.each([[{ context: 'nope' }, 'context "nope" does not exist'], [{ cluster: 'nope' }, 'cluster "nope" does not exist'], [{ user: 'nope' }, 'auth info "nope" does not exist'], [{ context: 'flow' }, 'unable to read /home/me/.kube/pki/ca.crt']])('%j is refused', (given, message) => {
  expect(() => targetOf(config, flags(given as unknown as Record<string, string>), {})).toThrow(message)
})

test('of several files the first that says a thing is right', () => {
  const [first, second] = [
    { 'current-context': 'a', contexts: [{ name: 'a', context: { cluster: 'x' } }] },
    { 'current-context': 'b', contexts: [{ name: 'a', context: { cluster: 'y' } }, { name: 'b', context: {} }], clusters: [{ name: 'x', cluster: { server: 'https://x' } }] },
  ]
  const merged = mergeFiles([{ content: first, folder: '/1' }, { content: second, folder: '/2' }])
  expect(merged.currentContext).toBe('a')
  expect(merged.contexts.get('a')).toEqual({ cluster: 'x' })
  expect([...merged.contexts.keys()]).toEqual(['a', 'b'])
  expect(merged.clusters.get('x')).toEqual({ server: 'https://x' })
})

test('without a kubeconfig it is localhost, or the cluster around the pod', () => {
  const none = mergeFiles([])
  expect(targetOf(none, flags({}), {}).rest.server).toBe('http://localhost:8080')
  expect(() => targetOf(none, flags({}), { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' })).toThrow(/serviceaccount/)
})
