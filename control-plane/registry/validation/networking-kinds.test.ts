/** Ranges of service addresses and slices of endpoints: what is refused, in Kubernetes' words. */
import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import type { Endpoint, EndpointSlice, Ingress, ValidatingWebhookConfiguration } from '../../../shared/model/gen/api.ts'
import { validateNewEndpointSlice } from './endpoint-slice.ts'
import { validateNewIngress } from './ingress.ts'
import { validateNewServiceCidr, validateServiceCidrChange } from './service-cidr.ts'
import { validateValidatingWebhooks } from './webhooks.ts'

const TWO_FAMILIES = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'

test.each<[readonly string[], readonly string[]]>([
  [['10.0.0.0/24', 'fd00::/64'], []],
  [['10.0.0.0/24', '10.1.0.0/24'], [`spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/24","10.1.0.0/24"]}: ${TWO_FAMILIES}`]],
  [['10.0.0.1/24', 'x'], [`spec.cidrs: Invalid value: {"CIDRs":["10.0.0.1/24","x"]}: ${TWO_FAMILIES}`]],
  [['10.0.0.1/24'], ['spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length']],
])('two ranges are of two families: %j', (cidrs, errors) => {
  expect(validateNewServiceCidr({ metadata: {}, spec: { cidrs } }).map(fieldErrorText)).toEqual(errors)
  if (cidrs.length === 2) expect(validateServiceCidrChange({ metadata: {}, spec: { cidrs } }, { metadata: {}, spec: { cidrs: cidrs.slice(0, 1) } }).map(fieldErrorText)).toEqual(errors)
})

const slice = (addressType: string, endpoint: Endpoint): readonly string[] => validateNewEndpointSlice({ metadata: {}, addressType, endpoints: [endpoint] } satisfies EndpointSlice).map(fieldErrorText)

test('hints name zones as labels do, and nodes as nodes are named', () => {
  const named = (...names: readonly string[]): { readonly name: string }[] => names.map((name) => ({ name }))
  expect(slice('IPv4', { addresses: ['192.0.2.1'], hints: { forZones: named('Zone_A', 'Zone_A'), forNodes: named('Node_A') } })).toEqual([
    'endpoints[0].hints.forZones[1].name: Duplicate value: "Zone_A"',
    expect.stringContaining('endpoints[0].hints.forNodes[0].name: Invalid value: "Node_A": a lowercase RFC 1123 subdomain must consist of'),
  ])
  const many = Array.from({ length: 9 }, (_, index) => `z${index}`)
  expect(slice('IPv4', { addresses: ['192.0.2.1'], hints: { forZones: named(...many), forNodes: named('Node_A') } })).toEqual(['endpoints[0].hints.forZones: Too many: 9: must have at most 8 items'])
})

test('each label of a domain name is one', () => {
  const long = 'a'.repeat(64)
  expect(slice('FQDN', { addresses: [`${long}.example.com`] })).toEqual([`endpoints[0].addresses[0]: Invalid value: "${long}": must be no more than 63 characters`])
})

test('a port without a word for its protocol has none that is known', () => {
  const ports = [{ name: 'a', protocol: '' }]
  expect(validateNewEndpointSlice({ metadata: {}, addressType: 'IPv4', endpoints: [], ports }).map(fieldErrorText)).toEqual(['ports[0].protocol: Unsupported value: "": supported values: "SCTP", "TCP", "UDP"'])
})

test.each<readonly [{ readonly pathType?: string; readonly sideEffects?: string }, string, string]>([
  [{}, 'Required value: pathType must be specified', 'Required value: must specify one of None, NoneOnDryRun'],
  [{ pathType: '', sideEffects: '' }, 'Unsupported value: "": supported values: "Exact", "ImplementationSpecific", "Prefix"', 'Unsupported value: "": supported values: "None", "NoneOnDryRun"'],
])('an empty word that must be there is another mistake than none: %j', ({ pathType, sideEffects }, ofPath, ofHook) => {
  const backend = { service: { name: 'a', port: { number: 80 } } }
  const ingress = decodeObject('io.k8s.api.networking.v1.Ingress', { metadata: {}, spec: { rules: [{ http: { paths: [{ path: '/', backend, ...(pathType !== undefined && { pathType }) }] } }] } }).object
  expect(validateNewIngress(ingress as unknown as Ingress).map(fieldErrorText)).toEqual([`spec.rules[0].http.paths[0].pathType: ${ofPath}`])
  const webhook = { name: 'a.example.com', clientConfig: { url: 'https://h' }, admissionReviewVersions: ['v1'], ...(sideEffects !== undefined && { sideEffects }) }
  const configuration = decodeObject('io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration', { metadata: {}, webhooks: [webhook] }).object
  expect(validateValidatingWebhooks(configuration as unknown as ValidatingWebhookConfiguration).map(fieldErrorText)).toEqual([`webhooks[0].sideEffects: ${ofHook}`])
})
