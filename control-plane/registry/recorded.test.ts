/**
 * Runs the writes of the recordings through the registry alone: defaults, preparation, validation. What the API server does around it
 * (names, patches of other types, admission, allocation) is left out of the comparison; the replayer compares whole answers.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fieldErrorText, type FieldError } from '../../shared/model/field-error.ts'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { decodeObject } from '../../shared/model/schemas/decode.ts'
import { applySchemaDefaults } from '../../shared/model/schemas/defaults.ts'
import type { KindDefinition } from './kind.ts'
import { alternateKinds, kinds } from './registry.ts'

interface Step {
  readonly do?: string
  readonly type?: string
  readonly body?: JsonObject
  readonly pick?: readonly string[]
  readonly answer: { readonly status: number; readonly body: JsonObject; readonly warnings?: string }
}
interface Case {
  readonly case: string
  readonly area: string
  readonly steps: readonly Step[]
}

const served = [...kinds, ...alternateKinds]
const NOW = 1_770_000_000_000
/** What the server does with a body before the registry sees it. */
function decode(value: Json, schema: string): JsonObject {
  const { object } = decodeObject(schema, value)
  return applySchemaDefaults(schema, { ...object, metadata: object['metadata'] ?? {} })
}

/** Fields that admission filled in count for nothing: nor do the lists it filled, when nothing else is in them. */
function withoutEmptyLists(object: Record<string, Json>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !(Array.isArray(value) && value.length === 0)))
}

const ADMITTED_SPEC = ['priority', 'preemptionPolicy', 'serviceAccount', 'serviceAccountName', 'clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort', 'imagePullSecrets']
const ADMITTED_TOLERATIONS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/** The part of an object that the registry answers for. */
function own(object: JsonObject): JsonObject {
  const spec: Record<string, Json> | undefined = isJsonObject(object['spec']) ? { ...object['spec'] } : undefined
  if (spec) {
    for (const key of ADMITTED_SPEC) delete spec[key]
    const filter = (key: string, keeps: (one: JsonObject) => boolean): void => {
      if (Array.isArray(spec[key])) spec[key] = (spec[key] as JsonObject[]).filter(keeps)
    }
    const map = (key: string, change: (one: JsonObject) => JsonObject): void => {
      if (Array.isArray(spec[key])) spec[key] = (spec[key] as JsonObject[]).map(change)
    }
    filter('volumes', (one) => !text(one['name']).startsWith('kube-api-access'))
    filter('tolerations', (one) => !ADMITTED_TOLERATIONS.includes(text(one['key'])))
    filter('taints', (one) => !text(one['key']).startsWith('node.kubernetes.io/'))
    map('ports', (port) => Object.fromEntries(Object.entries(port).filter(([key]) => key !== 'nodePort')))
    for (const key of ['containers', 'initContainers'])
      map(key, (one) => withoutEmptyLists({ ...one, volumeMounts: ((one['volumeMounts'] ?? []) as JsonObject[]).filter((mount) => mount['mountPath'] !== '/var/run/secrets/kubernetes.io/serviceaccount') }))
  }
  const { metadata: _m, kind: _k, apiVersion: _a, ...rest } = object
  return { ...rest, ...(spec && { spec: withoutEmptyLists(spec) }) }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

const masked = (value: Json): Json =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? (value.includes('.') ? '<microtime>' : '<time>') : Array.isArray(value) ? (value as readonly Json[]).map(masked) : isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item)])) : value

function at(body: Json | undefined, path: string): Json | undefined {
  let value: Json | undefined = body
  const parts = path.split('.')
  for (const [index, part] of parts.entries()) {
    if (value === undefined || value === null) return undefined
    if (part === '*') {
      const rest = parts.slice(index + 1).join('.')
      return Array.isArray(value) ? (value as readonly Json[]).map((item) => (rest === '' ? item : (at(item, rest) ?? null))) : undefined
    }
    value = (value as JsonObject)[part]
  }
  return value
}

/** Whether a picked answer agrees, judged by the picked paths below spec and status that can be compared. */
function pickedAgrees(recorded: JsonObject, object: JsonObject): boolean {
  const mine = { ...object, ...own(object) }
  return Object.entries(recorded).every(([path, value]) => {
    if (path === 'spec' || path === 'status') return deepEqual(own({ [path]: value })[path], masked(own(object)[path] ?? null))
    if (!/^(spec|status|data|type)\b/.test(path) || ADMITTED_SPEC.some((key) => path.startsWith(`spec.${key}`)) || /volumes|volumeMounts|tolerations|taints|nodePort|podIP|\*/.test(path)) return true
    return deepEqual(value, masked(at(mine, path) ?? null))
  })
}

function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch
  const merged: Record<string, Json> = isJsonObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(merged[key], value)
  }
  return merged
}

interface Target {
  readonly kind: KindDefinition
  readonly collection: string
  readonly name: string | undefined
  readonly subresource: string
}

function targetOf(path: string): Target | undefined {
  const clean = path.split('?')[0] ?? ''
  const match = /^\/(?:api|apis\/([^/]+))\/(v\d)\/(?:namespaces\/[^/]+\/)?([a-z]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(clean)
  if (!match) return undefined
  const kind = served.find((one) => one.group === (match[1] ?? '') && one.version === match[2] && one.plural === match[3])
  return kind && { kind, collection: `${match[1] ?? ''}/${match[3]}`, name: match[4], subresource: match[5] ?? '' }
}

const META = /^metadata\.(name|namespace|generateName|labels|annotations|finalizers|ownerReferences|uid|resourceVersion|creationTimestamp|deletion|managedFields|selfLink|generation)(\b|$)(?!\[.*kubernetes\.io)/
const textsOf = (errors: readonly FieldError[]): string[] => [...new Set(errors.map((one) => `${one.type}|${fieldErrorText(one)}`))]

interface Outcome {
  readonly agrees: boolean
  readonly why?: string
}

function judge(step: Step, object: JsonObject, { errors, warnings }: { errors: readonly FieldError[]; warnings: readonly string[] }): Outcome {
  const { status, body } = step.answer
  if (status === 422) {
    if (body['details.causes.*.field']) {
      const fields = [...new Set((body['details.causes.*.field'] as string[]).filter((one) => !META.test(one)))]
      const mine = [...new Set(errors.map((one) => one.field).filter((one) => !META.test(one)))]
      return deepEqual(fields, mine) ? { agrees: true } : { agrees: false, why: `fields ${fields.join()} got ${textsOf(errors).join()}` }
    }
    const details = body['details'] as JsonObject | undefined
    const causes = ((details?.['causes'] ?? []) as JsonObject[]).map((one) => ({ type: one['reason'], field: one['field'], message: one['message'] }) as unknown as FieldError)
    const recorded = textsOf(causes.filter((one) => !META.test(one.field)))
    const mine = textsOf(errors.filter((one) => !META.test(one.field)))
    return deepEqual(recorded, mine) ? { agrees: true } : { agrees: false, why: `causes\n      recorded ${recorded.join('\n               ')}\n      got      ${mine.join('\n               ')}` }
  }
  if (errors.length > 0) return { agrees: false, why: `accepted, but got ${textsOf(errors).join('; ')}` }
  const recordedWarnings = [...(step.answer.warnings ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((one) => (one[1] ?? '').replace(/\\(.)/g, '$1')).filter((one) => !/unknown field|duplicate field|Endpoints is deprecated|annotation "kubernetes.io\/enforce/.test(one))
  if (!deepEqual(recordedWarnings, warnings)) return { agrees: false, why: `warnings\n      recorded ${recordedWarnings.join(' | ')}\n      got      ${warnings.join(' | ')}` }
  if (step.pick) return pickedAgrees(body, object) ? { agrees: true } : { agrees: false, why: `picked ${JSON.stringify(body)}\n      got ${JSON.stringify(own(object))}` }
  const recorded = own(body)
  const mine = masked(own(object))
  return deepEqual(recorded, mine) ? { agrees: true } : { agrees: false, why: `object\n      recorded ${JSON.stringify(recorded)}\n      got      ${JSON.stringify(mine)}` }
}

/** The uid that the server gave, by its name in the recording. */
const withUid = (object: JsonObject, { answer }: Step): JsonObject => ({ ...object, metadata: { ...(object['metadata'] as JsonObject), uid: /\buid-\d+/.exec(JSON.stringify(answer.body))?.[0] ?? 'uid-1' } })

/** What admission must have done for validation to be content. */
function admitted(kind: KindDefinition, object: JsonObject): JsonObject {
  const spec = object['spec']
  if (kind.namespaced) return admitted({ ...kind, namespaced: false }, { ...object, metadata: { namespace: 'ns', ...(object['metadata'] as JsonObject) } })
  if (kind.kind !== 'Pod' || !isJsonObject(spec)) return object
  const account = text(spec['serviceAccountName']) || 'default'
  return { ...object, spec: { preemptionPolicy: 'PreemptLowerPriority', priority: 0, ...spec, serviceAccountName: account, serviceAccount: account } }
}

const stored = new Map<string, JsonObject>()

function runStep(step: Step): Outcome | undefined {
  const [method, path] = (step.do ?? '').split(' ')
  const target = path ? targetOf(path) : undefined
  if (!target || !isJsonObject(step.body) || ![200, 201, 422].includes(step.answer.status)) return undefined
  if (step.answer.status !== 422 && !isJsonObject(step.answer.body)) return undefined
  const { kind } = target
  const sub = kind.subresources.find((one) => one.name === target.subresource)
  if (target.subresource !== '' && !['status', 'part'].includes(sub?.behaviour.kind ?? '')) return undefined
  const context = { nowMs: NOW, subresource: target.subresource, userName: 'test' }
  if (method === 'POST' && target.subresource === '') {
    const wanted = admitted(kind, withUid(kind.defaults(decode(step.body, kind.schema)), step))
    const object = kind.prepareForCreate(wanted, context)
    const errors = kind.validateCreate(object, context)
    const name = text((object['metadata'] as JsonObject)['name'])
    if (step.answer.status === 201 && !path?.includes('dryRun')) stored.set(`${target.collection}/${name}`, object)
    if (kind.kind === 'Service' && needsAllocation(step, errors)) return undefined
    return judge(step, object, { errors, warnings: [...(kind.earlyWarnings?.(wanted) ?? []), ...(kind.warnings?.(object, undefined, context) ?? [])] })
  }
  const key = `${target.collection}/${target.name}`
  const old = stored.get(key)
  if (method === 'PATCH' && step.type !== 'application/merge-patch+json' && step.answer.status === 200) {
    // Other patches are the machinery's: what came of it is taken from the answer, if that is whole.
    if (step.pick) stored.delete(key)
    else stored.set(key, step.answer.body)
  }
  if (!old || (method === 'PATCH' && step.type !== 'application/merge-patch+json') || (method !== 'PATCH' && method !== 'PUT')) return undefined
  const whole = decode(method === 'PATCH' ? mergePatch(old, step.body) : step.body, kind.schema)
  const metadata = { ...(whole['metadata'] as JsonObject), ...(isJsonObject(old['metadata']) && { name: old['metadata']['name'] ?? '' }) }
  const object = kind.prepareForUpdate(kind.defaults({ ...whole, metadata }), old, context)
  const errors = kind.validateUpdate(object, old, context)
  if (step.answer.status === 200) stored.set(`${target.collection}/${target.name}`, object)
  if (kind.kind === 'Service' && needsAllocation(step, errors)) return undefined
  return judge(step, object, { errors, warnings: kind.warnings?.(object, old, context) ?? [] })
}

const ALLOCATED = /^spec\.(clusterIP|ipFamil|externalTrafficPolicy|allocateLoadBalancer|healthCheck)|already allocated/

/** Steps of services that turn on what the allocations do before validation. */
function needsAllocation(step: Step, errors: readonly FieldError[]): boolean {
  const causes = ((step.answer.body['details'] as JsonObject | undefined)?.['causes'] ?? []) as JsonObject[]
  const fields = (step.answer.body['details.causes.*.field'] ?? []) as string[]
  return [...causes.map((one) => `${text(one['field'])} ${text(one['message'])}`), ...fields, ...(step.answer.status === 422 ? [] : errors.map((one) => one.field))].some((one) => ALLOCATED.test(one) || one.startsWith('spec.ports') && step.answer.status !== 422 || one.includes('already allocated'))
}

/** At least so many of an area's steps agree today; raise it when more do. */
const floors: Readonly<Record<string, number>> = {
  'core/pods': 259,
  'core/pods-validation': 307,
  'core/nodes': 70,
  'core/events': 19,
  'core/services': 115,
  'discovery/endpointslices': 56,
  'core/configmaps': 77,
  'core/secrets': 46,
  'core/serviceaccounts': 27,
  'core/namespaces': 29,
  'core/podtemplates': 7,
  'apps/deployments': 77,
  'apps/replicasets': 11,
  'apps/statefulsets': 27,
  'apps/daemonsets': 21,
  'apps/controllerrevisions': 5,
  'core/replicationcontrollers': 11,
  'batch/jobs': 80,
  'batch/cronjobs': 28,
  'autoscaling/hpa': 33,
  'policy/pdb': 16,
  'coordination/leases': 12,
  'core/endpoints': 18,
  'core/limitranges': 21,
  'core/resourcequotas': 30,
  'core/runtimeclasses': 5,
  'scheduling/priorityclasses': 7,
  'networking/ingress': 50,
  'networking/networkpolicies': 37,
  'storage/persistentvolumes': 31,
  'storage/persistentvolumeclaims': 28,
  'storage/storageclasses': 15,
  'storage/csi': 31,
  apiregistration: 16,
  flowcontrol: 23,
  'admissionregistration/webhooks': 43,
  'admissionregistration/policies': 119,
}

const files = ['pods', 'network', 'config', 'workloads', 'policy', 'batch', 'autoscaling', 'admission', 'storage']
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(`../../test/conformance/recorded/${file}.json`, import.meta.url), 'utf8').replaceAll('$RUN', 'run').replaceAll('$NS', 'ns').replaceAll(/<(uid-\d+)>/g, '$1')) as Case[])
const areas = new Map<string, { ran: number; agreed: number }>()
const failures: string[] = []
for (const one of cases) {
  stored.clear()
  for (const [index, step] of one.steps.entries()) {
    const outcome = runStep(step)
    if (!outcome) continue
    const tally = areas.get(one.area) ?? { ran: 0, agreed: 0 }
    areas.set(one.area, { ran: tally.ran + 1, agreed: tally.agreed + (outcome.agrees ? 1 : 0) })
    if (!outcome.agrees) failures.push(`${one.area} · ${one.case} · ${index + 1}: ${step.do}\n    ${outcome.why}`)
  }
}
if (process.env['RECORDED_SHOW']) process.stdout.write(`${failures.filter((one) => one.includes(process.env['RECORDED_SHOW'] ?? '')).join('\n')}\n${[...areas].map(([area, { ran, agreed }]) => `${area} ${agreed}/${ran}`).join('\n')}\n`)

test.each([...areas])('%s agrees with the recordings as far as the registry goes', (area, { agreed }) => {
  expect(agreed).toBeGreaterThanOrEqual(floors[area] ?? 0)
})
