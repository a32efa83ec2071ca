import { expect, test } from 'vitest'
import { recordedCases, type RecordedStep, textIn, unmasked } from '../../../test/conformance/recordings.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import type { PodSpec } from '../../../shared/model/gen/api.ts'
import { findByKind } from '../../registry/registry.ts'
import { defaultPodSpec } from '../../registry/defaults/pod-spec.ts'
import { applyPatch, decodePatched, parsePatch } from '../patch/patch.ts'
import { applyConfiguration, parseConfiguration } from './apply.ts'
import { withManagedFields } from './entries.ts'
import { managerName } from './manager-name.ts'
import { updateManagedFields } from './update.ts'

const NOW = 1_700_000_000_000

interface Kind {
  readonly schema: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly apiVersion: string
}

function kindOf(object: JsonObject): Kind | undefined {
  const [apiVersion, kind] = [textIn(object['apiVersion']), textIn(object['kind'])]
  const schema = schemaOfKind(apiVersion, kind)
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return schema === undefined ? undefined : { schema, group: group ?? '', version: version ?? '', kind, apiVersion }
}

function withDefaults({ schema, group, version, kind }: Kind, object: JsonObject): JsonObject | undefined {
  const filled = applySchemaDefaults(schema, object)
  const template = filled['template']
  if (isJsonObject(template) && isJsonObject(template['spec'])) return { ...filled, template: { ...template, spec: defaultPodSpec(template['spec'] as unknown as PodSpec) as unknown as Json } }
  return findByKind(group, version, kind)?.defaults(filled)
}

const entriesOf = (object: JsonObject): readonly Json[] => {
  const metadata = object['metadata']
  const entries = isJsonObject(metadata) ? metadata['managedFields'] : undefined
  return Array.isArray(entries) ? (entries as readonly Json[]) : []
}

/** Entries with their times reduced to whether they have one, in an order that no clock decides. */
const comparable = (object: JsonObject): readonly Json[] =>
  entriesOf(object)
    .map((entry): Json => (isJsonObject(entry) && entry['time'] !== undefined ? { ...entry, time: 'some' } : entry))
    .toSorted((a, b) => (JSON.stringify(isJsonObject(a) ? [a['operation'], a['manager'], a['subresource']] : a) < JSON.stringify(isJsonObject(b) ? [b['operation'], b['manager'], b['subresource']] : b) ? -1 : 1))

const REQUEST = /^(POST|PUT|PATCH) ([^?]+)(?:\?(.*))?$/
const SUBRESOURCE = /^(.*)\/(status|resize|ephemeralcontainers|scale|finalize|eviction|binding|token|approval)$/
const whole = (body: Json | undefined): JsonObject | undefined => (isJsonObject(body) && isJsonObject(body['metadata']) && body['metadata']['uid'] !== undefined && kindOf(body) ? body : undefined)

interface Step {
  readonly step: RecordedStep
  readonly method: string
  readonly path: string
  readonly subresource: string
  readonly query: URLSearchParams
  readonly manager: string
}

function read(step: RecordedStep): Step | undefined {
  const match = REQUEST.exec(step.do ?? '')
  if (!match) return undefined
  const [, method = '', fullPath = '', query = ''] = match
  const sub = SUBRESOURCE.exec(fullPath)
  const parameters = new URLSearchParams(query)
  const agent = Object.entries(step.headers ?? {}).find(([name]) => name.toLowerCase() === 'user-agent')?.[1]
  return { step, method, path: sub?.[1] ?? fullPath, subresource: sub?.[2] ?? '', query: parameters, manager: managerName(parameters.get('fieldManager') ?? undefined, agent ?? 'replay') }
}

const CLASSIC = { 'application/json-patch+json': 'json', 'application/merge-patch+json': 'merge', 'application/strategic-merge-patch+json': 'strategic' } as const

/** What a server takes from new objects before anything else. */
function wiped(object: JsonObject): JsonObject {
  if (!isJsonObject(object['metadata'])) return object
  const { deletionTimestamp: _time, deletionGracePeriodSeconds: _grace, ...metadata } = object['metadata']
  return { ...object, metadata }
}

/** The object as the writer wanted it, before admission; `undefined` where this test cannot know it. */
function wanted({ step, method, subresource }: Step, live: JsonObject | undefined, kind: Kind): JsonObject | undefined {
  const text = step.raw ?? JSON.stringify(step.body)
  if (/\{\{/.test(text) || subresource !== '') return undefined
  if (method !== 'PATCH') return isJsonObject(step.body) ? withDefaults(kind, wiped(decodeObject(kind.schema, step.body).object)) : undefined
  const type = CLASSIC[step.type as keyof typeof CLASSIC]
  const parsed = parsePatch(type, text)
  if (!live || parsed.kind === 'refused') return undefined
  const patched = applyPatch(kind.schema, live, { type, patch: parsed.patch })
  if (patched.kind === 'refused') return undefined
  const decoded = decodePatched(kind.schema, patched.object, { type, patch: parsed.patch, validation: 'Ignore' })
  return decoded.kind === 'refused' ? undefined : withDefaults(kind, decoded.object)
}

interface Followed {
  readonly checked: number
  readonly wrong: readonly unknown[]
}

function follow(steps: readonly RecordedStep[]): Followed {
  const stored = new Map<string, JsonObject>()
  /** Written to, and not shown since. */
  const unknown = new Set<string>()
  const wrong: unknown[] = []
  let checked = 0
  for (const recorded of steps) {
    const at = read(recorded)
    const answer = whole(recorded.answer?.body)
    const named = answer ?? (isJsonObject(recorded.body) ? recorded.body : {})
    const name = isJsonObject(named['metadata']) ? textIn(named['metadata']['name']) : ''
    if (!at) {
      const shown = recorded.do?.startsWith('GET') ? (recorded.do.slice(4).split('?')[0] ?? '') : ''
      if (!answer || shown === '') continue
      stored.set(shown, unmasked(answer) as JsonObject)
      unknown.delete(shown)
      continue
    }
    const path = at.method === 'POST' ? `${at.path}/${name}` : at.path
    const dryRun = at.query.has('dryRun')
    const nobodyKnows = unknown.has(path)
    const success = (recorded.answer?.status ?? 500) < 300
    const shownWhole = answer !== undefined && !(at.subresource === 'scale')
    if (success && !dryRun) {
      if (shownWhole) unknown.delete(path)
      else unknown.add(path)
    }
    if (nobodyKnows) {
      if (shownWhole && !dryRun) stored.set(path, unmasked(answer) as JsonObject)
      continue
    }
    const difference = at.step.type === 'application/apply-patch+yaml' ? checkApply(at, stored.get(path), answer) : checkUpdate(at, stored.get(path), answer)
    if (difference) checked++
    if (difference?.kind === 'wrong') wrong.push([recorded.do, difference.what])
    if (shownWhole && !dryRun) stored.set(path, unmasked(answer) as JsonObject)
  }
  return { checked, wrong }
}

type Check = { readonly kind: 'right' } | { readonly kind: 'wrong'; readonly what: unknown } | undefined

function equal(ours: unknown, theirs: unknown): Check {
  try {
    expect(ours).toEqual(theirs)
    return { kind: 'right' }
  } catch {
    return { kind: 'wrong', what: { ours: JSON.stringify(ours), theirs: JSON.stringify(theirs) } }
  }
}

function checkUpdate(at: Step, live: JsonObject | undefined, answer: JsonObject | undefined): Check {
  const kind = answer && kindOf(answer)
  const foreign = at.method === 'PATCH' && (live === undefined || !((at.step.type ?? '') in CLASSIC))
  if (!answer || !kind || at.subresource === 'scale' || foreign) return undefined
  const changed = wanted(at, live, kind)
  if (!changed) return undefined
  const updated = updateManagedFields({ ...kind, live, changed, manager: at.manager, subresource: at.subresource, nowMs: NOW })
  return equal(comparable(updated), comparable(answer))
}

function checkApply(at: Step, live: JsonObject | undefined, answer: JsonObject | undefined): Check {
  const text = at.step.raw ?? JSON.stringify(at.step.body)
  const parsed = parseConfiguration(text)
  const body = at.step.answer?.body
  const message = isJsonObject(body) ? textIn(body['message']) : ''
  if (/\{\{/.test(text) || at.query.get('fieldManager') === null || at.subresource === 'scale') return undefined
  if (parsed.kind === 'refused') return equal(parsed.message, message)
  const kind = (answer && kindOf(answer)) ?? (/typed patch object|conflict/.test(message) ? kindOf(parsed.config) : undefined)
  if (!kind || (live && kindOf(live)?.apiVersion !== kind.apiVersion)) return undefined
  const applied = applyConfiguration({ ...kind, live, config: parsed.config, manager: at.manager, force: at.query.get('force') === 'true', subresource: at.subresource, nowMs: NOW })
  if (applied.kind === 'refused') return equal([applied.code, applied.message], [at.step.answer?.status, message])
  if (!answer) return message === '' ? undefined : { kind: 'wrong', what: `not refused: ${message}` }
  const entries = equal(comparable(applied.object), comparable(answer))
  if (entries?.kind === 'wrong' || at.subresource !== '') return entries
  const full = withDefaults(kind, applied.object) ?? applied.object
  return kind.kind === 'ConfigMap' || kind.kind === 'PodTemplate' ? equal(partsOf(full), partsOf(unmasked(answer) as JsonObject)) : entries
}

const partsOf = (object: JsonObject): Json => {
  const { labels = null, annotations = null, finalizers = null } = isJsonObject(object['metadata']) ? object['metadata'] : {}
  return { labels, annotations, finalizers, data: object['data'] ?? null, template: object['template'] ?? null }
}

const cases = recordedCases().flatMap((one) => (follow(one.steps).checked > 0 ? [[one.case, one.steps] as const] : []))

test.each(cases)('%s: managed fields as recorded', (_name, steps) => {
  expect(follow(steps).wrong).toEqual([])
})

const CONFIG_MAP = { schema: 'io.k8s.api.core.v1.ConfigMap', group: '', version: 'v1', kind: 'ConfigMap', apiVersion: 'v1' } as const
const configMap = (data: JsonObject, metadata: JsonObject = {}): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, data })
const written = (object: JsonObject, live: JsonObject | undefined, manager: string): JsonObject => updateManagedFields({ ...CONFIG_MAP, live, changed: object, manager, subresource: '', nowMs: NOW })

test('an empty list of managed fields forgets them when the object changes, and only then', () => {
  const live = written(configMap({ x: '1' }), undefined, 'a')
  const reset = (data: JsonObject): readonly Json[] => entriesOf(written(configMap(data, { managedFields: [] }), live, 'b'))
  expect(reset({ x: '2' })).toEqual([])
  expect(reset({ x: '1' })).toEqual(entriesOf(live))
})

test('no more than ten updaters are told apart', () => {
  let object = written(configMap({ k0: '0' }), undefined, 'm0')
  for (let index = 1; index < 15; index++) {
    const data = { ...(object['data'] as JsonObject), [`k${index}`]: String(index) }
    object = written(withManagedFields({ ...object, data }, undefined), object, `m${index}`)
  }
  const managers = entriesOf(object).map((entry) => (isJsonObject(entry) ? textIn(entry['manager']) : ''))
  expect(managers).toHaveLength(10)
  expect(managers).toContain('ancient-changes')
  expect(JSON.stringify(entriesOf(object))).toContain('f:k0')
})

test('kubectl takes over what it applied from the client side', () => {
  const annotation = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: '1' } })
  const live = written(configMap({ x: '1' }, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': annotation } }), undefined, 'kubectl-client-side-apply')
  const apply = (manager: string): unknown => applyConfiguration({ ...CONFIG_MAP, live, config: configMap({ x: '2' }), manager, force: false, subresource: '', nowMs: NOW })
  expect(apply('other')).toMatchObject({ kind: 'refused', code: 409 })
  expect(apply('kubectl')).toMatchObject({ kind: 'applied', object: { data: { x: '2' } } })
})

test('what no struct could hold is refused when the configuration has been merged', () => {
  const refused = (kind: string, body: JsonObject): string => {
    const config = { apiVersion: 'v1', kind, metadata: { name: 'a' }, ...body }
    const outcome = applyConfiguration({ schema: schemaOfKind('v1', kind) ?? '', group: '', version: 'v1', kind, live: undefined, config, manager: 'm', force: false, subresource: '', nowMs: 0 })
    return outcome.kind === 'refused' ? `${outcome.code} ${outcome.message}` : outcome.kind
  }
  const unable = (kind: string): string => `500 failed to convert new object (/a; /v1, Kind=${kind}) to proper version (v1): unable to convert unstructured object to /v1, Kind=${kind}: `
  expect(refused('Secret', { data: { a: '!' } })).toContain(unable('Secret'))
  expect(refused('Pod', { spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: 'x' } } }] } })).toContain(unable('Pod'))
  expect(refused('ConfigMap', { apiVersion: 'a/b/c' })).toBe('400 invalid object type: /, Kind=')
})
