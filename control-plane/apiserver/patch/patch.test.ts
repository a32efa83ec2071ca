import { expect, test } from 'vitest'
import { recordedCases, type RecordedStep, textIn, unmasked } from '../../../test/conformance/recordings.ts'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import { findByKind } from '../../registry/registry.ts'
import { defaultPodSpec } from '../../registry/defaults/pod-spec.ts'
import type { PodSpec } from '../../../shared/model/gen/api.ts'
import { applyPatch, type ClassicPatchType, decodePatched, parsePatch } from './patch.ts'

const types: Readonly<Record<string, ClassicPatchType>> = { 'application/json-patch+json': 'json', 'application/merge-patch+json': 'merge', 'application/strategic-merge-patch+json': 'strategic' }

interface Stored {
  readonly schema: string
  readonly object: JsonObject
}

function withDefaults(schema: string, object: JsonObject): JsonObject {
  const filled = applySchemaDefaults(schema, object)
  const [group = '', version = ''] = textIn(object['apiVersion']).includes('/') ? textIn(object['apiVersion']).split('/') : ['', textIn(object['apiVersion'])]
  const template = filled['template']
  if (isJsonObject(template) && isJsonObject(template['spec'])) return { ...filled, template: { ...template, spec: defaultPodSpec(template['spec'] as unknown as PodSpec) as unknown as Json } }
  return findByKind(group, version, textIn(object['kind']))?.defaults(filled) ?? filled
}

/** As the tool that records picks paths out of an answer. */
function picked(value: Json | undefined, path: readonly string[]): Json | undefined {
  const [step, ...rest] = path
  if (step === undefined || typeof value !== 'object' || value === null) return value
  if (step === '*' && Array.isArray(value)) return (value as readonly Json[]).map((item) => picked(item, rest) ?? null)
  return picked((value as JsonObject)[step], rest)
}

const SYSTEM = /^(metadata$|metadata\.(managedFields|generation|resourceVersion|uid|creationTimestamp)|status|apiVersion$|kind$)/

/** What an answer says of the object, which our result must say too. */
function differences(object: JsonObject, body: JsonObject): readonly string[] {
  const paths = Object.keys(body).filter((path) => !SYSTEM.test(path))
  return paths.flatMap((path) => {
    const ours = picked(object, path.split('.')) ?? null
    return deepEqual(ours, unmasked(body[path] ?? null)) ? [] : [`${path}: ${JSON.stringify(ours)} is not ${JSON.stringify(body[path])}`]
  })
}

const PATCH = /^PATCH ([^?]+)(?:\?(.*))?$/
const textOf = (step: RecordedStep): string => step.raw ?? JSON.stringify(step.body)

/** Follows the writes of a case and gives what differs from the recording. */
function follow(steps: readonly RecordedStep[]): { readonly patches: number; readonly wrong: readonly string[] } {
  const stored = new Map<string, Stored>()
  const wrong: string[] = []
  let patches = 0
  for (const step of steps) {
    const body = step.body
    const created = /^(?:POST|PUT) ([^?]+?)(\/[^/]*)?(?:\?|$)/.exec(step.do ?? '')
    if (created && step.answer && step.answer.status < 300 && isJsonObject(body) && isJsonObject(body['metadata'])) {
      const schema = schemaOfKind(textIn(body['apiVersion']), textIn(body['kind']))
      const path = step.do?.startsWith('PUT') ? `${created[1]}${created[2] ?? ''}` : `${created[1]}${created[2] ?? ''}/${textIn(body['metadata']['name'])}`
      if (schema) stored.set(path, { schema, object: withDefaults(schema, decodeObject(schema, body).object) })
    }
    const answered = step.answer?.body
    const path = /^(?:GET|PUT|PATCH) ([^?]+)/.exec(step.do ?? '')?.[1]
    const whole = isJsonObject(answered) && isJsonObject(answered['metadata']) && answered['metadata']['uid'] !== undefined && !step.do?.includes('dryRun') ? answered : undefined
    const learn = (): void => {
      const schema = whole && schemaOfKind(textIn(whole['apiVersion']), textIn(whole['kind']))
      if (whole && schema) stored.set(path ?? `${(step.do ?? '').split(/[ ?]/)[1]}/${textIn((whole['metadata'] as JsonObject)['name'])}`, { schema, object: unmasked(whole) as JsonObject })
    }
    if (!step.do?.startsWith('PATCH')) learn()
    const type = types[step.type ?? '']
    const match = PATCH.exec(step.do ?? '')
    const target = match && stored.get(match[1] ?? '')
    if (!type || !match || !target || !step.answer || /\{\{/.test(textOf(step)) || /force=|dryRun=Al$/.test(match[2] ?? '')) continue
    patches++
    const outcome = carryOut(target, { type, text: textOf(step), validation: new URLSearchParams(match[2]).get('fieldValidation') === 'Strict' ? 'Strict' : 'Warn' })
    const answer = isJsonObject(step.answer.body) ? step.answer.body : {}
    const said = typeof answer['message'] === 'string' ? answer['message'] : undefined
    if (outcome.kind === 'refused') {
      if (outcome.code !== step.answer.status || (said !== undefined && said !== '<any>' && said !== outcome.message)) wrong.push(`${step.do}: ${outcome.code} ${outcome.message} is not ${step.answer.status} ${said}`)
    } else if (step.answer.status < 300) {
      wrong.push(...differences(outcome.object, answer).map((difference) => `${step.do} ${difference}`))
      if (!step.do?.includes('dryRun')) stored.set(match[1] ?? '', { schema: target.schema, object: outcome.object })
      learn()
    } else if (said === undefined ? step.answer.status === 422 && JSON.stringify(answer).includes('"patch"') : / "" is invalid: patch|error decoding|rejected our request due/.test(said)) wrong.push(`${step.do}: not refused: ${said}`)
  }
  return { patches, wrong }
}

function carryOut({ schema, object }: Stored, { type, text, validation }: { readonly type: ClassicPatchType; readonly text: string; readonly validation: 'Strict' | 'Warn' }): { readonly kind: 'decoded'; readonly object: JsonObject } | { readonly kind: 'refused'; readonly code: number; readonly message: string } {
  const parsed = parsePatch(type, text)
  if (parsed.kind === 'refused') return parsed
  const outcome = applyPatch(schema, object, { type, patch: parsed.patch })
  if (outcome.kind === 'refused') return outcome
  const decoded = decodePatched(schema, outcome.object, { type, patch: parsed.patch, validation })
  return decoded.kind === 'refused' ? decoded : { kind: 'decoded', object: withDefaults(schema, decoded.object) }
}

/** Kinds whose other computed fields do not stand in the way of a comparison. */
const AREAS = /^(machinery\/(patch|dryrun)|core\/(pods|configmaps|secrets|podtemplates|serviceaccounts)|apps\/deployments|policy\/pdb)/

/** What admission puts into a pod stands in the answer, but not in what the case shows before. */
const NEEDS_ADMISSION: ReadonlySet<string> = new Set(['patch-pod-toleration-can-be-added', 'pod-patch-unknown-field-warns-and-strict-fails'])

const cases = recordedCases().filter((one) => AREAS.test(one.area) && !NEEDS_ADMISSION.has(one.case)).flatMap((one) => {
  const { patches } = follow(one.steps)
  return patches > 0 ? [[one.case, one.steps] as const] : []
})

test.each(cases)('%s: patches do what they did when recorded', (_name, steps) => {
  expect(follow(steps).wrong).toEqual([])
})

test('a list of names in another order is put in order', () => {
  const parsed = applyPatch('io.k8s.api.core.v1.Pod', { spec: { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] } }, { type: 'strategic', patch: { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'd' }, { name: 'a' }], containers: [{ name: 'd', image: 'x' }] } } })
  expect(parsed).toEqual({ kind: 'patched', object: { spec: { containers: [{ name: 'b' }, { name: 'c' }, { name: 'd', image: 'x' }, { name: 'a' }] } } })
})

test('primitive lists are merged, and values deleted from them', () => {
  const pod = { metadata: { finalizers: ['a', 'b'] } }
  const strategic = (patch: JsonObject): unknown => applyPatch('io.k8s.api.core.v1.Pod', pod, { type: 'strategic', patch })
  expect(strategic({ metadata: { finalizers: ['c', 'a'] } })).toMatchObject({ object: { metadata: { finalizers: ['c', 'a', 'b'] } } })
  expect(strategic({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toMatchObject({ object: { metadata: { finalizers: ['b'] } } })
  expect(strategic({ metadata: { $patch: 'replace', name: 'x' } })).toMatchObject({ object: { metadata: { name: 'x' } } })
})

test.each([
  [[{ name: 'c' }], ['x'], 500, 'list element types are not identical: [[map[name:c]] [x]]'],
  [[{ name: 'c' }], [{ name: 'd' }, 1], 500, 'list element types are not identical: [[map[name:c]] [map[name:d] 1]]'],
  [[], [['x']], 422, 'the server rejected our request due to an error in our request'],
])('items of a merged list are all of one type, and no lists: %j and %j', (containers, added, code, message) => {
  expect(applyPatch('io.k8s.api.core.v1.Pod', { spec: { containers } }, { type: 'strategic', patch: { spec: { containers: added } } })).toMatchObject({ kind: 'refused', code, message })
})
