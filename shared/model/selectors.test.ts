import { expect, test } from 'vitest'
import { formatFieldSelector, meetsFieldRequirements, parseFieldSelector } from './field-selector.ts'
import { formatLabelSelector, formatRequirements, meetsRequirements, parseLabelSelector, validateLabelSelector } from './selectors.ts'

const QUALIFIED = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

test.each([
  ['=web', "found '=', expected: !, identifier, or 'end of string'"],
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['a!', "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
  ['a,,b', "found ',', expected: identifier after ','"],
  ['a;b', `unable to parse requirement: <nil>: Invalid value: "a;b": name part ${QUALIFIED}`],
  [',', "found ',', expected: !, identifier, or 'end of string'"],
  ['!', "unable to parse requirement: found '', expected: identifier"],
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['a=bad value', "found 'value', expected: ',' or 'end of string'"],
  ['a in (ok,no!)', "unable to parse requirement: found '!', expected: ',' or ')'"],
  ['a in b', "unable to parse requirement: found 'b' expected: '('"],
  ['n>x', `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
])('the label selector %s is refused', (text, message) => {
  expect(parseLabelSelector(text)).toEqual({ kind: 'refused', message })
})

test.each([
  ['', '', true], ['app', 'app', true], ['!app', '!app', false], ['app=web', 'app=web', true], ['app == web', 'app=web', true], ['app!=web', 'app!=web', false], ['app=', 'app=', false],
  ['app in (web, db)', 'app in (db,web)', true], ['app notin (web)', 'app notin (web)', false], ['none notin (web)', 'none notin (web)', true], ['n>4,n<6', 'n>4,n<6', true], ['n > 5', 'n>5', false],
  ['in in (in)', 'in in (in)', false], ['app in ()', 'app in ()', false], ['z,a in (x,,y)', 'a in (,x,y),z', false],
])('the label selector %s', (text, canonical, matches) => {
  const parsed = parseLabelSelector(text)
  if (parsed.kind !== 'selector') throw new Error(parsed.message)
  expect(formatRequirements(parsed.requirements)).toBe(canonical)
  expect(meetsRequirements(parsed.requirements, { app: 'web', n: '5' })).toBe(matches)
})

test('selector objects are written and validated', () => {
  expect(formatLabelSelector({ matchLabels: { b: '1' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }] })).toBe('a in (x,y),b=1')
  expect(formatLabelSelector({})).toBe('<none>')
  expect(validateLabelSelector({ matchExpressions: [{ key: 'a', operator: 'Has' }, { key: 'a', operator: 'In' }] }, 'spec.selector').map((error) => `${error.field}: ${error.message}`)).toEqual([
    'spec.selector.matchExpressions[0].operator: Invalid value: "Has": not a valid selector operator',
    "spec.selector.matchExpressions[1].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ])
})

test.each([
  ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ['metadata.name=a\\', 'invalid field selector: invalid escape sequence: \\'],
  ['metadata.name=a\\xb', 'invalid field selector: invalid escape sequence: \\x'],
  ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
])('the field selector %s is refused', (text, message) => {
  expect(parseFieldSelector(text)).toEqual({ kind: 'refused', message })
})

test('field selectors match and are written', () => {
  const parsed = parseFieldSelector('status.phase!=Running,metadata.name==a\\,b')
  if (parsed.kind !== 'selector') throw new Error(parsed.message)
  expect(formatFieldSelector(parsed.requirements)).toBe('metadata.name=a\\,b,status.phase!=Running')
  expect(meetsFieldRequirements(parsed.requirements, { 'metadata.name': 'a,b' })).toBe(true)
  expect(meetsFieldRequirements(parsed.requirements, { 'metadata.name': 'a,b', 'status.phase': 'Running' })).toBe(false)
  for (const text of [',a=b', 'a=b,', ',,a=b,,']) expect(parseFieldSelector(text)).toEqual({ kind: 'selector', requirements: [{ field: 'a', operator: '=', value: 'b' }] })
  expect(parseFieldSelector(',')).toEqual({ kind: 'selector', requirements: [] })
  expect(parseFieldSelector('=a')).toEqual({ kind: 'selector', requirements: [{ field: '', operator: '=', value: 'a' }] })
})
