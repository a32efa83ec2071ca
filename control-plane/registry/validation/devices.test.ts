import { expect, test } from 'vitest'
import { fieldErrorText, type FieldError } from '../../../shared/model/field-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { deviceClass } from '../device-class.ts'
import type { KindDefinition } from '../kind.ts'
import { resourceClaim } from '../resource-claim.ts'
import { resourceClaimTemplate } from '../resource-claim-template.ts'
import { resourceSlice } from '../resource-slice.ts'

const context = { nowMs: Date.UTC(2026, 0, 1), subresource: '', userName: 'test' }

function decoded(kind: KindDefinition, value: JsonObject): JsonObject {
  return kind.defaults(applySchemaDefaults(kind.schema, decodeObject(kind.schema, { metadata: { name: 'x' }, ...value }).object))
}
const created = (kind: KindDefinition, value: JsonObject): JsonObject => kind.prepareForCreate(decoded(kind, value), context)
const texts = (errors: readonly FieldError[]): readonly string[] => errors.map(fieldErrorText)
const refusals = (kind: KindDefinition, value: JsonObject): readonly string[] => texts(kind.validateCreate(created(kind, value), context))
const changes = (kind: KindDefinition, { from, to, subresource = '' }: { readonly from: JsonObject; readonly to: JsonObject; readonly subresource?: string }): readonly string[] => {
  const old = decoded(kind, from)
  return texts(kind.validateUpdate(kind.prepareForUpdate(decoded(kind, to), old, { ...context, subresource }), old, { ...context, subresource }))
}

const request = { name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }
const claim = (devices: JsonObject): JsonObject => ({ spec: { devices } })

test('a request is for one device of its class unless it says otherwise', () => {
  expect(created(resourceClaim, claim({ requests: [request] }))).toMatchObject({ spec: { devices: { requests: [{ exactly: { allocationMode: 'ExactCount', count: 1 } }] } }, status: {} })
  expect(created(resourceClaimTemplate, { spec: claim({ requests: [{ name: 'a', firstAvailable: [{ name: 'b', deviceClassName: 'c', allocationMode: 'All' }] }] }) })).toMatchObject({ spec: { spec: { devices: { requests: [{ firstAvailable: [{ allocationMode: 'All' }] }] } } } })
})

test.each<readonly [string, JsonObject, readonly string[]]>([
  ['good', { requests: [request], constraints: [{ matchAttribute: 'gpu.example.com/numa', requests: ['gpu'] }] }, []],
  ['no kind of request', { requests: [{ name: 'gpu' }] }, ['spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required']],
  ['twice', { requests: [request, request] }, ['spec.devices.requests[1]: Duplicate value: "gpu"']],
  ['counts', { requests: [{ name: 'a', exactly: { deviceClassName: 'c', allocationMode: 'All', count: 2 } }] }, ["spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"]],
  ['modes', { requests: [{ name: 'a', exactly: { deviceClassName: 'c', allocationMode: 'Some' } }] }, ['spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"']],
  ['no class', { requests: [{ name: 'a', exactly: {} }] }, ['spec.devices.requests[0].exactly.deviceClassName: Required value']],
  ['a request that is not there', { requests: [request], constraints: [{ matchAttribute: 'a/b', requests: ['other'] }] }, ["spec.devices.constraints[0].requests[0]: Invalid value: \"other\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"]],
  ['an attribute without a domain', { requests: [request], constraints: [{ matchAttribute: 'numa' }] }, ['spec.devices.constraints[0].matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash']],
  ['no configuration', { requests: [request], config: [{}] }, ['spec.devices.config[0].opaque: Required value']],
  ['too many', { requests: Array.from({ length: 33 }, (_, index) => ({ ...request, name: `r${index}` })) }, ['spec.devices.requests: Too many: 33: must have at most 32 items']],
  ['a toleration', { requests: [{ name: 'a', exactly: { deviceClassName: 'c', tolerations: [{ operator: 'Exists', value: 'x' }] } }] }, ['spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`']],
])('claims: %s', (_, devices, wanted) => {
  expect(refusals(resourceClaim, claim(devices))).toEqual(wanted)
})

test('what a claim asks for does not change; what it got must be what was asked for', () => {
  const from = claim({ requests: [request] })
  expect(changes(resourceClaim, { from, to: claim({ requests: [{ ...request, name: 'other' }] }) })[0]).toContain('field is immutable')
  const result = { request: 'gpu', driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-0' }
  const status = (more: JsonObject): JsonObject => ({ ...from, status: { allocation: { devices: { results: [result] } }, ...more } })
  const of = (to: JsonObject): readonly string[] => changes(resourceClaim, { from, to, subresource: 'status' })
  expect(of(status({ reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] }))).toEqual([])
  expect(of({ ...from, status: { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] } })).toEqual(['status.reservedFor: Forbidden: may not be specified when `allocated` is not set'])
  expect(of(status({ devices: [{ driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-9' }] }))[0]).toContain('must be an allocated device in the claim')
  const ips = (...list: readonly string[]): readonly string[] => of(status({ devices: [{ driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-0', networkData: { ips: list } }] }))
  expect(ips('10.9.8.7/24', '2001:db8::1/64')).toEqual([])
  expect(ips('10.9.8.7', '10.09.8.7/24', '2001:db8:0::1/64', '::ffff:10.9.8.7/120')).toEqual([
    'status.devices[0].networkData.ips[0]: Invalid value: "10.9.8.7": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    'status.devices[0].networkData.ips[1]: Invalid value: "10.09.8.7/24": must be in canonical form ("10.9.8.7/24")',
    'status.devices[0].networkData.ips[2]: Invalid value: "2001:db8:0::1/64": must be in canonical form ("2001:db8::1/64")',
    'status.devices[0].networkData.ips[3]: Invalid value: "::ffff:10.9.8.7/120": must be in canonical form ("10.9.8.7/24")',
  ])
})

const slice = (more: JsonObject): JsonObject => ({ spec: { driver: 'gpu.example.com', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, nodeName: 'n', ...more } })

test.each<readonly [string, JsonObject, readonly string[]]>([
  ['good', { devices: [{ name: 'd', attributes: { model: { string: 'm' }, 'a.example.com/v': { version: '1.2.3' } }, capacity: { memory: { value: '1Gi' } } }] }, []],
  ['no node', { nodeName: undefined as never }, ['spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required']],
  ['several', { allNodes: true }, ['spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set']],
  ['pool', { pool: { name: '', generation: -1, resourceSliceCount: 0 } }, ['spec.pool.name: Required value', 'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero', 'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero']],
  ['attributes', { devices: [{ name: 'd', attributes: { none: {}, v: { version: 'x' } } }] }, ['spec.devices[0].attributes[none]: Invalid value: "": exactly one value must be specified', 'spec.devices[0].attributes[v].version: Invalid value: "x": must be a string compatible with semver.org spec 2.0.0']],
  ['capacity', { devices: [{ name: 'd', capacity: { memory: { value: '1Gi', requestPolicy: { default: '1' } } } }] }, ['spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true']],
  ['steps', { devices: [{ name: 'd', allowMultipleAllocations: true, capacity: { memory: { value: '10', requestPolicy: { default: '4', validRange: { min: '1', step: '2' } } } } }] }, ['spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "4": value is not a multiple of a given step (2) from (1)']],
  ['counters', { devices: [{ name: 'd', consumesCounters: [{ counterSet: 'c', counters: {} }] }] }, ['spec.devices[0].consumesCounters[0].counters: Required value']],
])('slices: %s', (_, more, wanted) => {
  expect(refusals(resourceSlice, JSON.parse(JSON.stringify(slice(more))) as JsonObject)).toEqual(wanted)
})

test('a taint is told with its time; driver, pool and node of a slice stay', () => {
  const tainted = slice({ devices: [{ name: 'd', taints: [{ key: 'a', effect: 'NoSchedule' }] }] })
  expect(created(resourceSlice, tainted)).toMatchObject({ spec: { devices: [{ taints: [{ timeAdded: '2026-01-01T00:00:00Z' }] }] } })
  expect(changes(resourceSlice, { from: slice({}), to: slice({ nodeName: 'other' }) })).toEqual(['spec.nodeName: Invalid value: "other": field is immutable'])
})

test('classes: selectors say what they select by; an extended resource has a domain', () => {
  expect(refusals(deviceClass, { spec: { selectors: [{}], extendedResourceName: 'cpu' } })).toEqual(['spec.selectors[0].cel: Required value', 'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'])
  expect(refusals(deviceClass, { spec: { selectors: [{ cel: { expression: 'true' } }], config: [{ opaque: { driver: 'd', parameters: { a: 1 } } }] } })).toEqual([])
})

test('what is not switched on is not kept: lists of values, mappings to resources of nodes', () => {
  const devices = [{ name: 'd', attributes: { model: { string: 'm' }, many: { strings: ['a'] } }, nodeAllocatableResourceMappings: { cpu: {} } }]
  expect(created(resourceSlice, slice({ devices }))).toMatchObject({ spec: { devices: [{ name: 'd', attributes: { model: { string: 'm' }, many: {} } }] } })
  expect(created(resourceSlice, slice({ devices }))).not.toHaveProperty('spec.devices.0.nodeAllocatableResourceMappings')
  expect(refusals(resourceSlice, slice({ devices }))).toEqual(['spec.devices[0].attributes[many]: Invalid value: "": exactly one value must be specified'])
})

test('of devices that are given back nothing is told any longer', () => {
  const [one, two] = ['1', '2'].map((device) => ({ driver: 'd.example.com', pool: 'p', device }))
  const withStatus = (status: JsonObject): JsonObject => decoded(resourceClaim, { ...claim({}), status })
  const old = withStatus({ allocation: { devices: { results: [{ request: 'a', ...one }] } }, devices: [one as JsonObject] })
  const freed = resourceClaim.prepareForUpdate(withStatus({ devices: [one as JsonObject, two as JsonObject] }), old, { ...context, subresource: 'status' })
  expect(freed['status']).toEqual({ devices: [two] })
})
