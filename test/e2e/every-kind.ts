/**
 * Every verb on an object of every kind, by a kubectl. One process takes a verb through all kinds: its files hold an object of each, and what it
 * prints is looked at object by object.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { KindDefinition } from '../../control-plane/registry/kind.ts'
import { alternateKinds, kinds } from '../../control-plane/registry/registry.ts'
import { isJsonObject, type JsonObject } from '../../shared/model/json.ts'
import { exampleOf } from '../conformance/examples.ts'
import { run, type Ran } from './harness.ts'

/** What hangs is found by the bound of each command, 300 s; all of them together take a minute on an idle machine, and many on one that has a lot else to do. */
export const WALK_TIMEOUT_MS = 3_600_000

const VERBS = ['create', 'get', 'list', 'patch', 'update', 'delete']

export interface Subject {
  readonly definition: KindDefinition
  readonly object: JsonObject
  readonly name: string
  /** As kubectl calls it: `deployment.apps/web`. */
  readonly shown: string
}

export interface Walk {
  readonly program: string
  readonly kubeconfig: string
  /** A folder for its files. */
  readonly folder: string
  /** Its namespaces begin so. */
  readonly prefix: string
}

/** Where an example would meddle with the others: limits of a namespace, webhooks and bindings that stop writes, a server that is not there. */
const HARMLESS: Readonly<Record<string, (object: JsonObject) => JsonObject>> = {
  MutatingWebhookConfiguration: withoutRules,
  ValidatingWebhookConfiguration: withoutRules,
  MutatingAdmissionPolicyBinding: boundToNothing,
  ValidatingAdmissionPolicyBinding: boundToNothing,
  APIService: (object) => ({ ...object, metadata: { name: 'v1.every-kind.example' }, spec: { group: 'every-kind.example', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100 } }),
  CSINode: (object) => ({ ...object, spec: { drivers: [{ name: 'every-kind.example', nodeID: 'n' }] } }),
  PriorityClass: (object) => ({ ...object, globalDefault: false }),
  StorageClass: ({ metadata: _metadata, ...rest }) => ({ ...rest, metadata: { name: 'every-kind' } }),
  IngressClass: ({ metadata: _metadata, ...rest }) => ({ ...rest, metadata: { name: 'every-kind' } }),
}

function withoutRules({ webhooks, ...rest }: JsonObject): JsonObject {
  const nowhere = { matchLabels: { 'every-kind': 'nowhere' } }
  return { ...rest, webhooks: Array.isArray(webhooks) ? webhooks.map((one) => ({ ...(one as JsonObject), namespaceSelector: nowhere, objectSelector: nowhere })) : [] }
}

function boundToNothing({ spec, ...rest }: JsonObject): JsonObject {
  return { ...rest, spec: { ...(isJsonObject(spec) ? spec : {}), policyName: 'every-kind-of-none' } }
}

/** Kubernetes takes an address away that no service holds: at its next round, whenever that is. */
const NOT_KEPT: ReadonlySet<string> = new Set(['IPAddress'])
/** Controllers add taints to it meanwhile. */
const CHANGED_BY_OTHERS: ReadonlySet<string> = new Set(['Node'])
/** Older kubectls describe it in a version that Kubernetes 1.36 does not serve. */
const DESCRIBED_AS_BETA: ReadonlySet<string> = new Set(['VolumeAttributesClass', 'IPAddress', 'ServiceCIDR'])

/** These go for what others of their namespace may have. */
const LIMITING: ReadonlySet<string> = new Set(['LimitRange', 'ResourceQuota'])

export function subjectsOf(prefix: string): readonly Subject[] {
  const stored = [...kinds.map((definition) => ({ definition, suffix: '' })), ...alternateKinds.map((definition) => ({ definition, suffix: '-b' }))]
  return stored.flatMap(({ definition, suffix }) => {
    const example = !NOT_KEPT.has(definition.kind) && VERBS.every((verb) => definition.verbs.includes(verb)) ? exampleOf(definition) : undefined
    if (!example) return []
    const { kind, group, version, namespaced } = definition
    const given = HARMLESS[kind]?.(example.object) ?? example.object
    const metadata = isJsonObject(given['metadata']) ? given['metadata'] : {}
    const name = `${String(metadata['name'])}${suffix}`
    const namespace = LIMITING.has(kind) ? `${prefix}-limits` : prefix
    const object = withNamespace({ ...given, apiVersion: group === '' ? version : `${group}/${version}`, kind, metadata: { ...metadata, name, ...(namespaced && { namespace }) } }, namespace)
    return [{ definition, object, name, shown: `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${name}` }]
  })
}

/** Events tell of an object of their own namespace. */
function withNamespace(object: JsonObject, namespace: string): JsonObject {
  const member = object['kind'] !== 'Event' ? undefined : isJsonObject(object['involvedObject']) ? 'involvedObject' : 'regarding'
  const about = member === undefined ? undefined : object[member]
  return member !== undefined && isJsonObject(about) && about['namespace'] !== undefined ? { ...object, [member]: { ...about, namespace } } : object
}

const SCALED: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet'])

export async function walkEveryKind({ program, kubeconfig, folder, prefix }: Walk): Promise<void> {
  const subjects = subjectsOf(prefix)
  const all = join(folder, `${prefix}.yaml`)
  const scaled = join(folder, `${prefix}-scaled.yaml`)
  const listOf = (some: readonly Subject[]): string => some.map(({ object }) => `---\n${JSON.stringify(object)}\n`).join('')
  writeFileSync(all, listOf(subjects))
  const steady = join(folder, `${prefix}-steady.yaml`)
  writeFileSync(steady, listOf(subjects.filter(({ definition }) => !CHANGED_BY_OTHERS.has(definition.kind))))
  writeFileSync(scaled, listOf(subjects.filter(({ definition }) => SCALED.has(definition.kind))))
  const kubectl: Kubectl = (words, more = []) => run(program, ['--kubeconfig', kubeconfig, ...words.split(' '), ...more], { timeoutMs: 300_000 })
  const told: Told = async (words, more = []) => {
    const { exitCode, stdout, stderr } = await kubectl(words, more)
    expect(exitCode, `kubectl ${words}: ${stderr.split('\n').filter((line) => !line.startsWith('Warning:')).join('\n')}`).toBe(0)
    return stdout
  }
  /** Each object is told of in a line that ends so. */
  const each = (text: string, ...endings: readonly string[]): void => {
    const lines = new Set(text.split('\n'))
    const missing = subjects.filter(({ shown }) => !endings.some((ending) => lines.has(`${shown}${ending}`)))
    expect(missing.map(({ shown }) => shown), text).toEqual([])
  }

  for (const namespace of [prefix, `${prefix}-limits`]) await told(`create namespace ${namespace}`)
  each(await told(`create -f ${all}`), ' created')
  await shown(subjects, all, { kubectl, told })
  each(await told(`apply -f ${all}`), ' configured', ' unchanged')
  // What a list of the manifest lacks of its defaults is sent again; the server finds nothing to change.
  const before = await versions(subjects, all, told)
  each(await told(`apply -f ${all}`), ' configured', ' unchanged')
  expect(await versions(subjects, all, told)).toEqual(before)
  each(await told(`apply --server-side --force-conflicts --field-manager every-kind -f ${all}`), ' serverside-applied')
  // What controllers write between its two requests is a difference too; one that is its own stays.
  await expect.poll(() => kubectl(`diff -f ${steady}`), { timeout: 300_000 }).toMatchObject({ exitCode: 0, stdout: '' })
  each(await told(`label --overwrite -f ${all} every-kind=labeled`), ' labeled')
  each(await told(`annotate --overwrite -f ${all} every-kind=annotated`), ' annotated', ' annotate')
  each(await told(`patch -f ${all} --type merge -p`, ['{"metadata":{"annotations":{"every-kind":"merge"}}}']), ' patched')
  each(await told(`patch -f ${all} --type strategic -p`, ['{"metadata":{"annotations":{"every-kind":"strategic"}}}']), ' patched')
  each(await told(`patch -f ${all} --type json -p`, ['[{"op":"replace","path":"/metadata/annotations/every-kind","value":"json"}]']), ' patched')
  await told(`wait --for=jsonpath={.metadata.annotations.every-kind}=json --timeout=180s -f ${all}`)
  for (const [namespace, some] of Map.groupBy(subjects, ({ definition }) => (LIMITING.has(definition.kind) ? `${prefix}-limits` : prefix))) {
    const file = join(folder, `${namespace}-edited.yaml`)
    writeFileSync(file, listOf(some))
    await edited(some, { file, namespace, program, kubeconfig, folder, prefix })
  }
  await replaced({ all, folder, prefix }, { told, each })
  const scaling = subjects.filter(({ definition }) => SCALED.has(definition.kind))
  const scaledText = await told(`scale --replicas=3 -f ${scaled}`)
  for (const one of scaling) expect(scaledText).toContain(`${one.shown} scaled`)
  expect((await told(`get -f ${scaled} -o jsonpath={.items[*].spec.replicas}`)).trim()).toBe(scaling.map(() => '3').join(' '))
  const deleted = await told(`delete --timeout=180s -f ${all}`)
  for (const { definition, name } of subjects) expect(deleted).toMatch(new RegExp(`^${definition.kind.toLowerCase()}\\S* "${name.replace(/[.]/g, '\\.')}" (?:force )?deleted`, 'm'))
  expect((await kubectl(`get -f ${all} --ignore-not-found -o name`)).stdout).toBe('')
  await told(`delete namespace ${prefix} ${prefix}-limits --wait=false`)
}

type Kubectl = (words: string, more?: readonly string[]) => Promise<Ran>
type Told = (words: string, more?: readonly string[]) => Promise<string>

/** How often each object was written, but for those that controllers write to. */
async function versions(subjects: readonly Subject[], all: string, told: Told): Promise<readonly string[]> {
  const text = await told(`get -f ${all} -o`, ['jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}'])
  const own = new Set(subjects.filter(({ definition }) => !definition.subresources.some(({ name }) => name === 'status')).map(({ definition, name }) => `${definition.kind}/${name}`))
  return text.split('\n').filter((line) => own.has(line.split(' ', 1)[0] ?? ''))
}

/** Read in each form that kubectl has. */
async function shown(subjects: readonly Subject[], all: string, { kubectl, told }: { readonly kubectl: Kubectl; readonly told: Told }): Promise<void> {
  const [wide, names, yaml, paths, description] = await Promise.all([told(`get -f ${all} -o wide`), told(`get -f ${all} -o name`), told(`get -f ${all} -o yaml`), told(`get -f ${all} -o`, ['jsonpath={range .items[*]}{.kind}/{.metadata.name}{"\\n"}{end}']), kubectl(`describe -f ${all}`)])
  expect(names.trim().split('\n').toSorted()).toEqual(subjects.map((one) => one.shown).toSorted())
  for (const { name, definition } of subjects) {
    // The table of events has no names.
    if (definition.kind !== 'Event') expect(wide).toContain(name)
    expect(yaml).toContain(`    name: ${name}\n`)
    expect(paths).toContain(`${definition.kind}/${name}\n`)
    const isDescribed = new RegExp(`^(?:Name|name):\\s+${name}$`, 'm').test(description.stdout)
    expect(isDescribed || DESCRIBED_AS_BETA.has(definition.kind), `describe ${definition.kind}: ${description.stderr}`).toBe(true)
  }
}

/** An editor that changes one word in all of them. */
async function edited(subjects: readonly Subject[], { file, namespace, program, kubeconfig, folder, prefix }: Walk & { readonly file: string; readonly namespace: string }): Promise<void> {
  const editor = join(folder, `${prefix}-editor.sh`)
  writeFileSync(editor, '#!/bin/sh\nexec sed -i "s/every-kind: json/every-kind: edited/" "$1"\n')
  chmodSync(editor, 0o755)
  const { exitCode, stdout, stderr } = await run('/usr/bin/env', [`KUBE_EDITOR=${editor}`, program, '--kubeconfig', kubeconfig, '--namespace', namespace, 'edit', '-f', file], { timeoutMs: 300_000 })
  expect(exitCode, stderr).toBe(0)
  for (const one of subjects) expect(stdout).toContain(`${one.shown} edited`)
}

/** What was read is put back, changed. */
async function replaced({ all, folder, prefix }: Pick<Walk, 'folder' | 'prefix'> & { readonly all: string }, { told, each }: { readonly told: Told; readonly each: (text: string, ...endings: readonly string[]) => void }): Promise<void> {
  const file = join(folder, `${prefix}-replaced.yaml`)
  const text = await told(`get -f ${all} -o yaml`)
  writeFileSync(file, text.replace(/^ +resourceVersion: .*\n/gm, '').replaceAll('every-kind: edited', 'every-kind: replaced'))
  each(await told(`replace -f ${file}`), ' replaced')
}
