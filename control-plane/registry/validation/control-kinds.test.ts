/** Requests for certificates and priority levels: what is refused, in Kubernetes' words. */
import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { certificateSigningRequest } from '../certificate-signing-request.ts'
import type { KindDefinition } from '../kind.ts'
import { priorityLevelConfiguration } from '../priority-level-configuration.ts'

const context = { nowMs: Date.UTC(2026, 0, 1), subresource: '', userName: 'test' }
const decoded = (kind: KindDefinition, object: JsonObject): JsonObject => kind.defaults(decodeObject(kind.schema, object).object)

const level = (name: string, spec: JsonObject, annotations?: JsonObject): readonly string[] =>
  priorityLevelConfiguration.validateCreate(decoded(priorityLevelConfiguration, { metadata: { name, ...(annotations && { annotations }) }, spec }), context).map(fieldErrorText)

test.each<[JsonObject, readonly string[]]>([
  [{ type: 'Exempt', exempt: { nominalConcurrencyShares: 7, lendablePercent: 5 } }, []],
  [{ type: 'Exempt', exempt: { nominalConcurrencyShares: -1, lendablePercent: 101 } }, ['spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer', 'spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive']],
  [
    { type: 'Free' },
    [
      'spec.type: Invalid value: "Free": must be \'Exempt\' if and only if `name` is \'exempt\'',
      'spec.type: Unsupported value: "Free": supported values: "Exempt", "Limited"',
      'spec: Invalid value: {"Type":"Free","Limited":null,"Exempt":null}: spec of \'exempt\' except the \'spec.exempt\' field must equal the fixed value',
    ],
  ],
])('of the exempt level only the shares may be chosen: %j', (spec, errors) => {
  expect(level('exempt', spec)).toEqual(errors)
})

test('hands are dealt from a hash of 60 bits, reckoned as if each card were put back', () => {
  const dealt = (queues: number, handSize: number): readonly string[] => level('l', { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: { queues, handSize } } } })
  expect(dealt(16, 15)).toEqual([])
  expect(dealt(16, 16)).toEqual(['spec.limited.limitResponse.queuing.handSize: Invalid value: 16: required entropy bits of deckSize 16 and handSize 16 should not be greater than 60'])
})

test('a priority level is not marked as one of an older version', () => {
  const key = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares'
  expect(level('l', { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } }, { [key]: '' })).toEqual([`metadata.annotations: Forbidden: annotation '${key}' is forbidden`])
})

test('a request for a certificate may have any name', () => {
  expect(certificateSigningRequest.nameRule).toBe('path-segment')
})

const changed = (subresource: string, status: JsonObject): readonly string[] => {
  const old = decoded(certificateSigningRequest, { metadata: { name: 'c' }, spec: { request: '', signerName: 'example.com/mine', usages: ['any'] }, status: {} })
  const now = { ...context, subresource }
  return certificateSigningRequest
    .validateUpdate(certificateSigningRequest.prepareForUpdate({ ...old, status }, old, now), old, now)
    .map(fieldErrorText)
    .filter((text) => text.startsWith('status'))
}
const certificate = (text: string): JsonObject => ({ certificate: Buffer.from(text).toString('base64') })

test('a request is not approved and denied at once', () => {
  const conditions = ['Approved', 'Denied'].map((type) => ({ type, status: 'True' }))
  expect(changed('approval', { conditions })).toEqual(['status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'])
})

test('only certificates are issued', () => {
  expect(changed('status', certificate('x'))).toEqual(['status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'])
  expect(changed('status', certificate('-----BEGIN CERTIFICATE-----\nMIICYzCC\n-----END CERTIFICATE-----\n'))).toEqual(['status.certificate: Invalid value: "<certificate data>": x509: malformed certificate'])
})
