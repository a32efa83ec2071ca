/** Every verb on an object of every kind, by the methods that a client library has for them: made from the registry, so that no kind is forgotten. */
import * as clientNode from '@kubernetes/client-node'
import { expect } from 'vitest'
import type { KindDefinition } from '../../control-plane/registry/kind.ts'
import { subjectsOf, type Subject } from './every-kind.ts'

/** A group's methods by their names: `replaceNamespacedDeploymentStatus`. */
type Methods = Readonly<Record<string, ((request: object, options?: object) => Promise<clientNode.KubernetesObject>) | undefined>>
type Call = (verb: string, request?: object, options?: object) => Promise<clientNode.KubernetesObject>

export interface ClientWalk {
  readonly kubeconfig: string
  /** Its namespaces begin so. */
  readonly prefix: string
  /** Left out: all kinds. */
  readonly only?: (definition: KindDefinition) => boolean
}

/** `rbac.authorization.k8s.io/v1` is `RbacAuthorizationV1Api`. */
function classOf({ group, version }: KindDefinition): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.')
  return [...words, version].map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('') + 'Api'
}

export async function walkByClient({ kubeconfig, prefix, only = () => true }: ClientWalk): Promise<readonly string[]> {
  const kc = new clientNode.KubeConfig()
  kc.loadFromFile(kubeconfig)
  const core = kc.makeApiClient(clientNode.CoreV1Api)
  const spaces = [prefix, `${prefix}-limits`]
  for (const name of spaces) await core.createNamespace({ body: { metadata: { name } } })
  const subjects = subjectsOf(prefix).filter(({ definition }) => only(definition))
  for (const subject of subjects) await walkOne(kc, subject)
  for (const name of spaces) await core.deleteNamespace({ name })
  return subjects.map(({ shown }) => shown)
}

async function walkOne(kc: clientNode.KubeConfig, { definition, object, name, shown }: Subject): Promise<void> {
  const { kind, namespaced, plural, group, version } = definition
  const namespace = String((object['metadata'] as { readonly namespace?: string }).namespace ?? '')
  const api = methodsOf(kc, definition)
  const scope = namespaced ? { namespace } : {}
  const call: Call = (verb, request = {}, options) => {
    const [action = '', part = ''] = verb.split('/')
    const method = `${action}${namespaced ? 'Namespaced' : ''}${kind}${part}`
    const found = api[method]
    if (!found) throw new Error(`the library has no ${method}`)
    return found.call(api, { ...scope, ...request }, options)
  }
  // What an attempt before left behind goes first.
  await call('delete', { name, gracePeriodSeconds: 0 }).catch(unless(404))
  const seen: string[] = []
  const list = await call('list')
  const path = `/${group === '' ? 'api' : `apis/${group}`}/${version}/${namespaced ? `namespaces/${namespace}/` : ''}${plural}`
  const watching = await new clientNode.Watch(kc).watch(path, { resourceVersion: (list as { readonly metadata?: { readonly resourceVersion?: string } }).metadata?.resourceVersion, fieldSelector: `metadata.name=${name}` }, (type: string) => void seen.push(type), () => {})
  const body = clientNode.loadYaml<clientNode.KubernetesObject>(JSON.stringify(object))
  await call('create', { body })
  expect((await call('read', { name })).metadata?.name, shown).toBe(name)
  expect(((await call('list', { fieldSelector: `metadata.name=${name}` })) as unknown as clientNode.KubernetesListObject<clientNode.KubernetesObject>).items.map(({ metadata }) => metadata?.name), shown).toEqual([name])
  await changed(call, { name, shown })
  if (definition.subresources.some((one) => one.name === 'status')) await statusChanged(call, { name, shown })
  await call('delete', { name, gracePeriodSeconds: 0 })
  await expect.poll(() => seen.includes('ADDED') && seen.includes('MODIFIED') && seen.includes('DELETED'), { timeout: 60_000, message: `${shown}: ${seen.join(' ')}` }).toBe(true)
  watching.abort()
  if (definition.verbs.includes('deletecollection')) {
    await call('create', { body })
    await call('deleteCollection', { fieldSelector: `metadata.name=${name}`, gracePeriodSeconds: 0 })
    await expect.poll(async () => ((await call('list', { fieldSelector: `metadata.name=${name}` })) as unknown as clientNode.KubernetesListObject<clientNode.KubernetesObject>).items.length, { timeout: 60_000, message: shown }).toBe(0)
  }
}

const known: Readonly<Record<string, unknown>> = { ...clientNode }

function methodsOf(kc: clientNode.KubeConfig, definition: KindDefinition): Methods {
  const found = known[classOf(definition)]
  if (typeof found !== 'function') throw new Error(`the library has no ${classOf(definition)}`)
  return kc.makeApiClient(found as Parameters<clientNode.KubeConfig['makeApiClient']>[0]) as unknown as Methods
}

interface Named {
  readonly name: string
  readonly shown: string
}

const ANNOTATION = 'every-kind'
const annotated = (value: string): object => ({ metadata: { annotations: { [ANNOTATION]: value } } })

/** Replaced once it has not been written to meanwhile, and patched in the three ways. */
async function changed(call: Call, { name, shown }: Named): Promise<void> {
  const replaced = async (): Promise<string | undefined> => {
    const read = await call('read', { name })
    const body = { ...read, metadata: { ...read.metadata, annotations: { ...read.metadata?.annotations, [ANNOTATION]: 'replaced' } } }
    return (await call('replace', { name, body }).catch(unless(409)))?.metadata?.annotations?.[ANNOTATION]
  }
  await expect.poll(replaced, { timeout: 60_000, message: shown }).toBe('replaced')
  const patches: ReadonlyArray<readonly [string, string, object]> = [
    ['json', clientNode.PatchStrategy.JsonPatch, [{ op: 'replace', path: `/metadata/annotations/${ANNOTATION}`, value: 'json' }]],
    ['merge', clientNode.PatchStrategy.MergePatch, annotated('merge')],
    ['strategic', clientNode.PatchStrategy.StrategicMergePatch, annotated('strategic')],
  ]
  for (const [value, strategy, body] of patches) {
    const patched = await call('patch', { name, body }, clientNode.setHeaderOptions('Content-Type', strategy))
    expect(patched.metadata?.annotations?.[ANNOTATION], shown).toBe(value)
  }
}

async function statusChanged(call: Call, { name, shown }: Named): Promise<void> {
  const replaced = async (): Promise<string | undefined> => (await call('replace/Status', { name, body: await call('read/Status', { name }) }).catch(unless(409)))?.metadata?.name
  await expect.poll(replaced, { timeout: 60_000, message: shown }).toBe(name)
  const patched = await call('patch/Status', { name, body: annotated('status') }, clientNode.setHeaderOptions('Content-Type', clientNode.PatchStrategy.MergePatch))
  expect(patched.metadata?.name, shown).toBe(name)
}

const unless =
  (code: number) =>
  (error: unknown): undefined => {
    if (!(error instanceof clientNode.ApiException) || error.code !== code) throw error
  }
