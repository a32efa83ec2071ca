/** Who may do what, as every kubectl on this machine asks and shows it: roles, impersonation, tokens of service accounts, certificates. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { createCertificateRequest } from '../../shared/kit/certificate-request.ts'
import { kubectlMinor, kubectls, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const clients = kubectls().map((path) => ({ path, minor: kubectlMinor(path) ?? 0 }))

let cluster: TestLab
if (clients.length > 0) labOfTests({ name: 'e2e-access', nodes: 0, prepare: (lab) => void (cluster = lab) })

if (clients.length === 0) test.skip('no kubectl from 1.27 on is on this machine (kubectl.1.NN, or kubectl, in the PATH)', () => {})

/** The lab's kubeconfig with other credentials in it. */
function kubeconfigFor(name: string, user: Readonly<Record<string, string>>): string {
  const file = join(cluster.kubeconfig, '..', name)
  const config = parse(readFileSync(cluster.kubeconfig, 'utf8')) as { readonly users: ReadonlyArray<{ readonly name: string }> }
  writeFileSync(file, stringify({ ...config, users: config.users.map(({ name: called }) => ({ name: called, user })) }), { mode: 0o600 })
  return file
}

describe.each(clients)('kubectl 1.$minor', ({ path: program, minor }) => {
  let namespace = ''
  let tests = 0
  const words = (of: readonly string[]): readonly string[] => ['--cache-dir', join(cluster.kubeconfig, '..', `cache-access-${minor}`), '-n', namespace, ...of]
  const kubectl = (...of: readonly string[]): Promise<Ran> => cluster.kubectl(words(of), { program })
  const ok = async (...of: readonly string[]): Promise<string> => {
    const ran = await kubectl(...of)
    expect({ of, exitCode: ran.exitCode, stderr: ran.stderr }).toMatchObject({ exitCode: 0 })
    return ran.stdout
  }
  /** Bindings count a moment after they are written. */
  const allowed = (...of: readonly string[]): Promise<void> => expect.poll(async () => (await kubectl('auth', 'can-i', ...of)).stdout.trim(), { timeout: 60_000, interval: 100 }).toBe('yes')

  beforeEach(async () => {
    namespace = `access-${minor}-${++tests}`
    await ok('create', 'namespace', namespace)
  })

  test('auth can-i, for oneself and as somebody else', async () => {
    expect((await ok('auth', 'can-i', 'delete', 'nodes')).trim()).toBe('yes')
    const jane = ['--as', 'jane', '--as-group', 'devs']
    expect(await kubectl('auth', 'can-i', 'list', 'pods', ...jane)).toMatchObject({ exitCode: 1, stdout: 'no\n' })
    await ok('create', 'role', 'reader', '--verb=get,list', '--resource=pods')
    await ok('create', 'rolebinding', 'read', '--role=reader', '--group=devs')
    await allowed('list', 'pods', ...jane)
    expect(await kubectl('auth', 'can-i', 'delete', 'pods', ...jane)).toMatchObject({ exitCode: 1, stdout: 'no\n' })
    const listed = await ok('auth', 'can-i', '--list', ...jane)
    expect(listed).toMatch(/pods +\[\] +\[\] +\[get list\]/)
    expect(listed).toMatch(/selfsubjectreviews\.authentication\.k8s\.io/)
    expect(await ok('get', 'pods', ...jane)).toBe('')
    expect((await kubectl('get', 'secrets', ...jane)).stderr).toContain(`Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "${namespace}"`)
  })

  test.runIf(minor >= 28)('auth whoami', async () => {
    expect(await ok('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.groups}')).toContain('"system:masters"')
    expect(await ok('auth', 'whoami', '--as', 'jane', '--as-uid', 'u1', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.uid}')).toBe('jane u1')
  })

  test('a service account does with its token what its role says, and no more', async () => {
    await ok('create', 'serviceaccount', 'bot')
    await ok('create', 'role', 'keeper', '--verb=get,list,create', '--resource=configmaps')
    await ok('create', 'rolebinding', 'keep', '--role=keeper', `--serviceaccount=${namespace}:bot`)
    await allowed('create', 'configmaps', `--as=system:serviceaccount:${namespace}:bot`)
    const kubeconfig = kubeconfigFor(`bot-${minor}`, { token: (await ok('create', 'token', 'bot', '--duration=10m')).trim() })
    const bot = (...of: readonly string[]): Promise<Ran> => kubectl('--kubeconfig', kubeconfig, ...of)
    expect(await bot('create', 'configmap', 'mine', '--from-literal=a=b')).toMatchObject({ exitCode: 0, stdout: 'configmap/mine created\n' })
    expect((await bot('get', 'configmaps', '-o', 'name')).stdout).toContain('configmap/mine')
    expect((await bot('delete', 'configmap', 'mine')).stderr).toContain(`User "system:serviceaccount:${namespace}:bot" cannot delete resource "configmaps"`)
    expect((await bot('get', 'nodes')).stderr).toContain('nodes is forbidden')
    // Who wrote it cannot give away what it does not have.
    await ok('create', 'role', 'maker', '--verb=create', '--resource=roles.rbac.authorization.k8s.io')
    await ok('create', 'rolebinding', 'make', '--role=maker', `--serviceaccount=${namespace}:bot`)
    await allowed('create', 'roles', `--as=system:serviceaccount:${namespace}:bot`)
    expect((await bot('create', 'role', 'more', '--verb=delete', '--resource=configmaps')).stderr).toContain('is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["configmaps"], Verbs:["delete"]}')
    await ok('delete', 'serviceaccount', 'bot')
    await expect.poll(async () => (await bot('get', 'configmaps')).stderr, { timeout: 60_000, interval: 200 }).toContain('Unauthorized')
  })

  test('auth reconcile makes roles whole, and finds nothing to do the second time', async () => {
    const manifest = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: whole, namespace: ${namespace} }
rules: [{ apiGroups: [""], resources: [pods], verbs: [get, list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: whole, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: whole }
subjects: [{ kind: User, name: joe, apiGroup: rbac.authorization.k8s.io }]
`
    await ok('create', 'role', 'whole', '--verb=get', '--resource=pods')
    const reconcile = (): Promise<Ran> => cluster.kubectl(words(['auth', 'reconcile', '-f', '-']), { program, stdin: manifest })
    expect(await reconcile()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('role.rbac.authorization.k8s.io/whole reconciled') as unknown })
    await allowed('list', 'pods', '--as=joe')
    const version = await ok('get', 'role', 'whole', '-o', 'jsonpath={.metadata.resourceVersion}')
    expect(await reconcile()).toMatchObject({ exitCode: 0 })
    expect(await ok('get', 'role', 'whole', '-o', 'jsonpath={.metadata.resourceVersion}')).toBe(version)
  })

  test('an approved request becomes a certificate, and that a user', async () => {
    const name = `csr-${minor}`
    await ok('create', 'role', 'reader', '--verb=get,list', '--resource=pods')
    await ok('create', 'rolebinding', 'read', '--role=reader', '--group=devs')
    const { requestPem, privateKeyPem } = await createCertificateRequest({ commonName: `ann-${minor}`, organizations: ['devs'] })
    const request = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec: { request: Buffer.from(requestPem).toString('base64'), signerName: 'kubernetes.io/kube-apiserver-client', expirationSeconds: 3600, usages: ['client auth'] } }
    expect(await cluster.kubectl(words(['create', '-f', '-']), { program, stdin: JSON.stringify(request) })).toMatchObject({ exitCode: 0 })
    expect(await ok('get', 'csr', name)).toMatch(/kubernetes\.io\/kube-apiserver-client +\S+ +60m +Pending/)
    await ok('certificate', 'approve', name)
    await expect.poll(() => ok('get', 'csr', name), { timeout: 60_000, interval: 100 }).toContain('Approved,Issued')
    const certificate = await ok('get', 'csr', name, '-o', 'jsonpath={.status.certificate}')
    const kubeconfig = kubeconfigFor(`ann-${minor}`, { 'client-certificate-data': certificate, 'client-key-data': Buffer.from(privateKeyPem).toString('base64') })
    await allowed('list', 'pods', '--as=x', '--as-group=devs')
    expect(await kubectl('--kubeconfig', kubeconfig, 'get', 'pods')).toMatchObject({ exitCode: 0 })
    expect((await kubectl('--kubeconfig', kubeconfig, 'get', 'secrets')).stderr).toContain(`User "ann-${minor}" cannot list resource "secrets"`)
  })
})
