import { expect, test } from 'vitest'
import { matchOf, type Subject, type Subjects } from './matching.ts'

const subject: Subject = { operation: 'CREATE', group: 'apps', version: 'v1', resource: 'deployments', subresource: '', namespace: 'a', name: 'x', labels: [{ tier: 'web' }], namespaceLabels: { env: 'prod' } }
const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }
const subjects = (own: Subject, ...others: readonly Subject[]): Subjects => ({ own, others: () => others })

test.each<readonly [string, Parameters<typeof matchOf>[0], Partial<Subject>, boolean]>([
  ['its rule', { resourceRules: [rule] }, {}, true],
  ['another operation', { resourceRules: [rule] }, { operation: 'DELETE' }, false],
  ['any group', { resourceRules: [{ ...rule, apiGroups: ['*'] }] }, {}, true],
  ['a subresource is not its parent', { resourceRules: [rule] }, { subresource: 'scale' }, false],
  ['all subresources', { resourceRules: [{ ...rule, resources: ['deployments/*'] }] }, { subresource: 'scale' }, true],
  ['one subresource of all', { resourceRules: [{ ...rule, resources: ['*/scale'] }] }, { subresource: 'scale' }, true],
  ['everything but subresources', { resourceRules: [{ ...rule, resources: ['*'] }] }, { subresource: 'scale' }, false],
  ['its name', { resourceRules: [{ ...rule, resourceNames: ['y'] }] }, {}, false],
  ['the scope', { resourceRules: [{ ...rule, scope: 'Cluster' }] }, {}, false],
  ['an exception', { resourceRules: [rule], excludeResourceRules: [{ ...rule, resourceNames: ['x'] }] }, {}, false],
  ['the namespace', { resourceRules: [rule], namespaceSelector: { matchLabels: { env: 'test' } } }, {}, false],
  ['nothing outside namespaces is left out by them', { resourceRules: [rule], namespaceSelector: { matchLabels: { env: 'test' } } }, { namespace: '', namespaceLabels: undefined }, true],
  ['what it was counts, too', { resourceRules: [rule], objectSelector: { matchLabels: { tier: 'db' } } }, { labels: [{ tier: 'web' }, { tier: 'db' }] }, true],
  ['neither', { resourceRules: [rule], objectSelector: { matchLabels: { tier: 'db' } } }, {}, false],
])('%s', (_, match, of, wanted) => {
  expect(matchOf(match, subjects({ ...subject, ...of }), false)).toBe(wanted ? 0 : -1)
})

test('a binding without rules is about everything its policy is about; a policy without rules about nothing', () => {
  expect([matchOf(undefined, subjects(subject), true), matchOf({}, subjects(subject), true), matchOf({}, subjects(subject), false)]).toEqual([0, 0, -1])
})

test('an equivalent resource stands for the one that was asked for, unless exactly that is wanted', () => {
  const older: Subject = { ...subject, version: 'v1beta1' }
  const match = { resourceRules: [{ ...rule, apiVersions: ['v1beta1'] }] }
  expect(matchOf(match, subjects(subject, older), false)).toBe(1)
  expect(matchOf({ ...match, matchPolicy: 'Exact' }, subjects(subject, older), false)).toBe(-1)
  expect(matchOf({ resourceRules: [{ ...rule, apiVersions: ['*'] }] }, subjects(subject, older), false)).toBe(0)
  expect(matchOf({ resourceRules: [rule], excludeResourceRules: match.resourceRules }, subjects(subject, older), false)).toBe(-1)
})

test('equivalent resources are asked for only where they decide', () => {
  let asked = 0
  const counted: Subjects = { own: subject, others: () => (asked++, []) }
  const other = { ...rule, resources: ['pods'] }
  for (const match of [undefined, {}, { resourceRules: [rule] }, { resourceRules: [other], matchPolicy: 'Exact' }, { resourceRules: [other], excludeResourceRules: [rule] }, { resourceRules: [other], objectSelector: { matchLabels: { tier: 'db' } } }]) matchOf(match, counted, true)
  expect(asked).toBe(0)
  matchOf({ resourceRules: [other] }, counted, true)
  expect(asked).toBe(1)
})
