import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const CLASSES = '/apis/resource.k8s.io/v1/deviceclasses'
const dryly = async (line: string, spec: object): Promise<unknown> => {
  const answer = await server.ask(`${line}?dryRun=All`, { metadata: { name: 'c' }, spec })
  return answer.status === 201 ? undefined : String(answer.body['message']).replace(/^.* is invalid: /, '')
}
const selecting = (...expressions: readonly string[]): object => ({ selectors: expressions.map((expression) => ({ cel: { expression } })) })

test.each([
  'true',
  'device.driver == "dra.example.com"',
  'device.allowMultipleAllocations',
  '"dra.example.com" in device.attributes',
  'device.attributes["dra.example.com"].name',
  'device.attributes["dra.example.com"]["name"] > 0',
  'device.attributes["dra.example.com"].version.isGreaterThan(semver("1.0.0"))',
  'has(device.attributes["dra.example.com"].name) && device.attributes["dra.example.com"].name.startsWith("a")',
  'device.attributes["dra.example.com"].?name.orValue("") == "a"',
  'device.attributes.exists(domain, domain.endsWith(".example.com"))',
  'device.capacity["dra.example.com"].memory.compareTo(quantity("1Gi")) >= 0',
  'device.capacity["dra.example.com"].memory.isGreaterThan(quantity("0"))',
  'cel.bind(dra, device.attributes["dra.example.com"], dra.name)',
])('devices may be chosen by %s', async (expression) => {
  expect(await dryly(`POST ${CLASSES}`, selecting(expression))).toBeUndefined()
})

const FIELD = 'spec.selectors[0].cel.expression'

test.each([
  ['device.', `${FIELD}: Invalid value: "device.": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input '.'\n | device.\n | .......^`],
  ['device.model == "x"', `${FIELD}: Invalid value: "device.model == \\"x\\"": compilation failed: ERROR: <input>:1:7: undefined field 'model'\n | device.model == "x"\n | ......^`],
  ['object.x', `${FIELD}: Invalid value: "object.x": compilation failed: ERROR: <input>:1:1: undeclared reference to 'object' (in container '')\n | object.x\n | ^`],
  ['device.driver', `${FIELD}: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`],
  ['device.attributes["dra.example.com"].name.includes("fish")', expect.stringContaining("undeclared reference to 'includes' (in container '')")],
  ['device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a + b + c + d != ""))))', `${FIELD}: Forbidden: too complex, exceeds cost limit`],
])('devices are not chosen by %s', async (expression, wanted) => {
  expect(await dryly(`POST ${CLASSES}`, selecting(expression))).toEqual(wanted)
})

test('claims and their templates are judged, too, alternatives among them', async () => {
  const devices = { requests: [{ name: 'a', exactly: { deviceClassName: 'c', ...selecting('true', '1') } }, { name: 'b', firstAvailable: [{ name: 'c', deviceClassName: 'c', ...selecting('""') }] }] }
  const wrong = (path: string): string => `[${path}[0].exactly.selectors[1].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int, ${path}[1].firstAvailable[0].selectors[0].cel.expression: Invalid value: "\\"\\"": must evaluate to bool or the unknown type, not string]`
  expect(await dryly('POST /apis/resource.k8s.io/v1/namespaces/x/resourceclaims', { devices })).toBe(wrong('spec.devices.requests'))
  expect(await dryly('POST /apis/resource.k8s.io/v1/namespaces/x/resourceclaimtemplates', { spec: { devices } })).toBe(wrong('spec.spec.devices.requests'))
})

test('a class whose selectors stay is not judged by them again', async () => {
  const { body } = await server.ask(`POST ${CLASSES}`, { metadata: { name: 'stays' }, spec: selecting('true') })
  expect((await server.ask(`PUT ${CLASSES}/stays`, { ...body, spec: selecting('1') })).status).toBe(422)
  expect((await server.ask(`PUT ${CLASSES}/stays`, { ...body, metadata: { ...(body['metadata'] as object), labels: { a: 'b' } } })).status).toBe(200)
})
