import { expect, test } from 'vitest'
import type { CustomResourceDefinition, ValidatingAdmissionPolicySpec } from '../../shared/model/gen/api.ts'
import { DYN } from '../cel/types.ts'
import { knownKinds } from './known-kinds.ts'
import { expressionWarnings, type KnownKind } from './type-check.ts'

const definition: CustomResourceDefinition = {
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } }] },
}

const about = (group: string, version: string, ...resources: readonly string[]): ValidatingAdmissionPolicySpec => ({ matchConstraints: { resourceRules: [{ apiGroups: [group], apiVersions: [version], resources, operations: ['CREATE'] }] } })

/** The first line of each warning, and where it is told. */
const told = (spec: ValidatingAdmissionPolicySpec): ReadonlyArray<readonly [string, ...(readonly string[])]> =>
  expressionWarnings({ spec }, knownKinds([definition])).map(({ fieldRef, warning }) => [fieldRef, ...warning.split('\n').filter((line) => line.includes('ERROR'))])

test('a warning is told for each kind that an expression does not fit', () => {
  const spec: ValidatingAdmissionPolicySpec = { ...about('apps', 'v1', 'deployments', 'replicasets', 'deployments/scale'), validations: [{ expression: 'object.spec.replicas > 1 && object.spec.paused' }, { expression: 'object.spec.replicas > 1', messageExpression: 'object.nope' }] }
  expect(told(spec)).toEqual([
    ['spec.validations[0].expression', "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:40: undefined field 'paused'"],
    ['spec.validations[1].messageExpression', "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'nope'", "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:7: undefined field 'nope'"],
  ])
})

test('fields of all sorts are known by their types', () => {
  const expressions = [
    'object.metadata.labels["a"] == "b" && object.metadata.creationTimestamp < timestamp("2030-01-01T00:00:00Z")',
    'object.spec.containers.all(c, c.image.startsWith("x") && c.?resources.limits["cpu"].orValue("1") != "2")',
    'object.spec.containers.exists(c, c.ports.exists(p, p.containerPort == 80 && c.livenessProbe.httpGet.port == "http"))',
    'has(object.spec.__namespace__) || request.namespace == namespaceObject.metadata.name',
    'authorizer.group("").resource("pods").check("get").allowed()',
    'oldObject == null || oldObject.spec.nodeName == object.spec.nodeName',
  ]
  expect(told({ ...about('', 'v1', 'pods'), validations: expressions.map((expression) => ({ expression })) })).toEqual([['spec.validations[3].expression', "/v1, Kind=Pod: ERROR: <input>:1:4: undefined field '__namespace__'"]])
})

test('variables and params have types, and those of definitions too', () => {
  const spec: ValidatingAdmissionPolicySpec = {
    ...about('example.com', 'v1', 'widgets'),
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    variables: [{ name: 'size', expression: 'object.spec.size' }],
    validations: [{ expression: 'variables.size == params.data["size"]' }, { expression: 'variables.size > 1 && object.metadata.name != ""' }],
  }
  expect(told(spec)).toEqual([['spec.validations[0].expression', "example.com/v1, Kind=Widget: ERROR: <input>:1:16: found no matching overload for '_==_' applied to '(int, string)'"]])
  expect(told({ ...spec, paramKind: { apiVersion: 'example.com/v1', kind: 'Nothing' }, variables: [], validations: [{ expression: 'params.a' }] })).toEqual([['spec.validations[0].expression', "example.com/v1, Kind=Widget: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')"]])
})

test('rules that name everything, and what is not served, are not looked at', () => {
  for (const spec of [about('*', 'v1', 'pods'), about('', '*', 'pods'), about('', 'v1', '*'), about('', 'v1', 'pods/status'), about('no.such', 'v1', 'things')]) expect(told({ ...spec, validations: [{ expression: 'object.nope' }] })).toEqual([])
})

test('however many names a rule has, each kind is looked at a few times, and only the types that are checked are made', () => {
  const names = (what: string): readonly string[] => Array.from({ length: 500 }, (_, index) => `${what}${index}.example.com`)
  let looks = 0
  let made = 0
  const kinds = names('group').map((group, index): KnownKind => ({
    get group() {
      looks++
      return group
    },
    version: 'v1',
    kind: `Kind${index}`,
    resource: 'things',
    type: () => (made++, DYN),
  }))
  const spec: ValidatingAdmissionPolicySpec = { matchConstraints: { resourceRules: [{ apiGroups: [...names('group')], apiVersions: [...names('version'), 'v1'], resources: ['things', ...names('resource')], operations: ['CREATE'] }] }, paramKind: { apiVersion: 'group499.example.com/v1', kind: 'Kind499' }, validations: [{ expression: 'nope' }] }
  const [warning] = expressionWarnings({ spec }, kinds)
  expect(warning?.warning.match(/Kind=Kind\d+:/g)).toEqual([0, 1, 10, 100, 101, 102, 103, 104, 105, 106].map((index) => `Kind=Kind${index}:`))
  // Ten that are checked, and the params.
  expect(made).toBe(11)
  expect(looks).toBeLessThan(500 * 40)
})

test('of definitions only the schemas of those that are named are read', () => {
  const read: string[] = []
  const seen = (plural: string): CustomResourceDefinition => {
    const [version] = definition.spec.versions
    const watched = ['v1', 'v2'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      get schema() {
        read.push(`${plural}/${name}`)
        return version?.schema
      },
    }))
    return { ...definition, spec: { ...definition.spec, names: { plural, kind: plural }, versions: watched } }
  }
  const known = knownKinds([seen('widgets'), seen('gadgets')])
  const validations = [{ expression: 'object.nope' }]
  expect(expressionWarnings({ spec: { ...about('', 'v1', 'pods'), validations } }, known)).toHaveLength(1)
  expect(read).toEqual([])
  expect(expressionWarnings({ spec: { ...about('example.com', 'v1', 'widgets'), validations } }, known)).toHaveLength(1)
  expect(read).toEqual(['widgets/v1'])
})
