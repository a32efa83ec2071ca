import { describe, expect, test } from 'vitest'
import { compile } from './cel.ts'
import { costOf } from './cost.ts'
import { sizeOfSchema, typeOfSchema, valueOf } from './schema-types.ts'
import { text as formatted } from './format-text.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import type { Json } from '../../shared/model/json.ts'
import { DYN, INT, listOf, mapOf, STRING } from './types.ts'
import { CelFault, type Value } from './values.ts'

function text(value: Value): string {
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(text).join(', ')}]`
  return value instanceof Map ? `{${[...(value as ReadonlyMap<Value, Value>)].map(([key, one]) => `${text(key)}: ${text(one)}`).join(', ')}}` : formatted(value)
}

/** What an expression says of a value, as text; `refused: …` or `fault: …` where it says nothing. */
function ask(expression: string, schema: PropsSchema = { type: 'string' }, json: Json = 'abc'): string {
  const self = typeOfSchema(schema)
  const compiled = compile(expression, new Map(self ? [['self', self]] : []))
  if (compiled.kind === 'refused') return `refused: ${compiled.message.split('\n')[0]}`
  try {
    return text(compiled.program.run(new Map<string, Value>([['self', valueOf(schema, json)]])))
  } catch (error) {
    if (error instanceof CelFault) return `fault: ${error.message}`
    throw error
  }
}

test.each([
  ['https://user:pw@Example.com:443/a/../b?x=1&x=2&y=a+b%20c#f', 'https', 'Example.com:443', 'Example.com', '443', '/a/../b', '{x: [1, 2], y: [a b c]}'],
  ['HTTP://a.example', 'http', 'a.example', 'a.example', '', '', '{}'],
  ['/path/to?q', '', '', '', '', '/path/to', '{q: []}'],
  ['http://[::1]:8080/a b', 'http', '[::1]:8080', '::1', '8080', '/a%20b', '{}'],
  ['http://h/a%2Fb(c)', 'http', 'h', 'h', '', '/a%2Fb(c)', '{}'],
  ['mailto:a@b.example', 'mailto', '', '', '', '', '{}'],
  ['http:/path', 'http', '', '', '', '/path', '{}'],
])('a URL is read as Go reads it: %s', (url, scheme, host, hostname, port, path, query) => {
  const part = (call: string): string => ask(`url(self).${call}()`, { type: 'string' }, url)
  expect(['getScheme', 'getHost', 'getHostname', 'getPort', 'getEscapedPath', 'getQuery'].map(part)).toEqual([scheme, host, hostname, port, path, query])
})

test.each([
  ['', 'empty url'],
  ['a/b', 'invalid URI for request'],
  ['www.example.com', 'invalid URI for request'],
  [':foo', 'missing protocol scheme'],
  ['http://a b.example/', 'invalid character " " in host name'],
  ['http://a:x/', 'invalid port ":x" after host'],
  ['http://[::1/', "missing ']' in host"],
  ['http://a/%zz', 'invalid URL escape "%zz"'],
  ['http://a/\n', 'net/url: invalid control character in URL'],
])('what is no URL is told in the words of Go: %j', (url, problem) => {
  expect(ask('url(self)', { type: 'string' }, url)).toBe(`fault: URL parse error during conversion from string: parse ${JSON.stringify(url)}: ${problem}`)
  expect(ask('isURL(self)', { type: 'string' }, url)).toBe('false')
})

describe('expressions', () => {
  test.each([
    ['1 + 2 * 3', '7'],
    ['-7 / 2', '-3'],
    ['-7 % 2', '-1'],
    ['7.0 / 2.0', '3.5'],
    ['"a" + "b"', 'ab'],
    ['[1, 2] + [3]', '[1, 2, 3]'],
    ['{"a": 1}["a"]', '1'],
    ['2 in [1, 2]', 'true'],
    ['"a" in {"a": 1}', 'true'],
    ['true || 1 / 0 > 0', 'true'],
    ['1 / 0 > 0 || true', 'true'],
    ['1 / 0 > 0 && false', 'false'],
    ['1 / 0 > 0 && true', 'fault: division by zero'],
    ['[1, 2, 3].filter(x, x > 1).map(x, x * x)', '[4, 9]'],
    ['[1, 2, 3].exists_one(x, x > 2)', 'true'],
    ['[3, 1].all(i, x, i < x)', 'fault-free'],
    ['[0, 0].exists(x, 1 / x > 0)', 'fault: division by zero'],
    ['[0, 1].exists(x, 1 / x > 0)', 'true'],
    ['{"a": 1, "b": 2}.all(k, v, v > 0)', 'true'],
    ['[1, 2].transformMap(i, x, x * 2)', '{0: 2, 1: 4}'],
    ['[1, 2, 3].slice(1, 3)', '[2, 3]'],
    ['[1, 2, 3].slice(2, 1)', 'fault: cannot slice(2, 1), start index must be less than or equal to end index'],
    ['[1, 2, 3].slice(0, 4)', 'fault: cannot slice(0, 4), list is length 3'],
    ['[1].slice(-1, 1)', 'fault: cannot slice(-1, 1), negative indexes not supported'],
    ['[[1], [2, 3]].flatten()', '[1, 2, 3]'],
    ['[dyn(1), [dyn(2), [dyn(3), [4]]]].flatten(2)', '[1, 2, 3, [4]]'],
    ['[3, 1, 2].sort()', '[1, 2, 3]'],
    ['["b", "a"].sort()', '[a, b]'],
    ['["bb", "a", "ccc"].sortBy(s, -s.size())', '[ccc, bb, a]'],
    ['[1, 1, 2, 1].distinct()', '[1, 2]'],
    ['[dyn(1), 1.0, "1", 1u, [1], [1], 2.5, 2.5].distinct()', '[1, 1, [1], 2.5]'],
    ['lists.range(1000).map(x, lists.range(100000)).size()', 'fault: operation cancelled: actual cost limit exceeded'],
    ['[1, 2].reverse()', '[2, 1]'],
    ['[dyn(2), dyn("a")].sort()', 'fault: list elements must have the same type'],
    ['{?"a": optional.of(1), "b": 2, ?"c": optional.ofNonZeroValue(0)}.size()', '2'],
    ['[?optional.of(1), 2].size()', '2'],
    ['"%.500f".format([1.5])', 'fault: operation cancelled: actual cost limit exceeded'],
    ['lists.range(9000).map(i, "x").join().replace("", lists.range(9000).map(i, "x").join()).size()', 'fault: operation cancelled: actual cost limit exceeded'],
    ['lists.range(9000).map(i, "x").join().replace("x", "yy").size()', '18000'],
    ['[lists.range(9000).map(i, "x").join()].all(text, lists.range(9000).all(x, [1, 2, 3, 4, 5].all(y, !text.contains("y"))))', 'fault: operation cancelled: actual cost limit exceeded'],
    ['lists.range(3)', '[0, 1, 2]'],
    ['string(1000000.0) + " " + string(123456.5) + " " + string(0.00001) + " " + string(2.0)', '1e+06 123456.5 1e-05 2'],
    ['"%s %s".format([["a", "b"], {"b": 1.5, "a": 2.0}])', '["a", "b"] {"a":2.000000, "b":1.500000}'],
    ['"%s".format([[dyn(1), dyn(b"x"), dyn(null), dyn(true), dyn(duration("1m")), dyn(timestamp("2020-01-02T03:04:05Z"))]])', '[1, b"x", null, true, duration("60s"), timestamp("2020-01-02T03:04:05Z")]'],
    ['"%.2f %f".format([1234567.891, -1.5])', '1,234,567.89 -1.500000'],
    ['"%e".format([1052.032911275])', '1.052033\u202f×\u202f10⁰³'],
    ['"%f".format([double("Infinity")])', '∞'],
    ['sign(quantity("-1"))', '-1'],
    ['isSemver("v01.2", true) && isSemver("1", true) && !isSemver(" 1.2.3", true) && !isSemver("1.2-rc", true) && semver("1.02.00-rc.1", true) == semver("1.2.0-rc.1")', 'true'],
    ['semver("1.2-rc", true)', 'fault: short version cannot contain PreRelease/Build meta data'],
    ['cidr("::ffff:1.2.3.0/120")', 'fault: network address parse error during conversion from string: IPv4-mapped IPv6 address "::ffff:1.2.3.0/120" is not allowed'],
    ['quantity("1").sign()', "refused: ERROR: <input>:1:19: found no matching overload for 'sign' applied to 'kubernetes.Quantity.()'"],
    ['isIP("fe80::1%eth0") || isIP("::ffff:1.2.3.4") || isIP("::ffff:102:304")', 'false'],
    ['ip("fe80::1%eth0")', 'fault: IP address "fe80::1%eth0" with zone value is not allowed'],
    ['ip("::ffff:1.2.3.4")', 'fault: IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
    ['format.uuid().validate("x").value() + format.byte().validate("!").value() + format.date().validate("x").value() + format.datetime().validate("x").value() + format.uri().validate("x").value()', '[does not match the UUID format, invalid base64, invalid date, invalid datetime, parse "x": invalid URI for request]'],
    ['dyn(self).find("[")', 'fault: Illegal regex: error parsing regexp: missing closing ]: `[`'],
    ['dyn([1])["a"]', "fault: unsupported index type 'string' in list"],
    ['[7][dyn(1u - 1u)]', '7'],
    ['dyn([1])[0.5]', 'fault: unsupported index value 0.5 in list'],
    ['[lists.range(20000).map(i, "x").join()].all(text, lists.range(100).all(i, !text.matches("x{1000}[yz]")))', 'fault: operation cancelled: actual cost limit exceeded'],
    ['[lists.range(2000).map(i, "x").join()].all(text, lists.range(100).all(i, !text.matches("^x+[yz]$")))', 'true'],
    ['[9223372036854775807, 1].sum()', 'fault: integer overflow'],
    ['uint(double("NaN"))', 'fault: unsigned integer overflow'],
    ['dyn(null).a', 'fault: no such key: a'],
    ['dyn("a").all(x, x)', "fault: got 'types.String', expected iterable type"],
    ['dyn(null).exists(x, x)', "fault: got 'types.Null', expected iterable type"],
    ['dyn("a") + 1', 'fault: no such overload'],
    ['dyn(null) + 1', 'fault: no such overload: _+_'],
    ['dyn({}) < 1', 'fault: no such overload: _<_'],
    ['size(dyn(1))', 'fault: no such overload: size'],
    ['dyn(1.5).startsWith("a")', 'fault: no such overload'],
    ['int(dyn(true))', 'fault: no such overload: int(bool)'],
    ['string(dyn({}))', 'fault: no such overload: string(map)'],
    ['dyn(1).lowerAscii()', 'fault: no such overload: lowerAscii(int)'],
    ['dyn(null).isGreaterThan(quantity("1"))', 'fault: no such overload: isGreaterThan(null_type, kubernetes.Quantity)'],
    ['dyn(1)["a"]', 'fault: no such key: a'],
    ['dyn([1]).a', "fault: unsupported index type 'string' in list"],
    ['lists.range(-1)', '[]'],
    ['lists.range(2000000000)', 'fault: operation cancelled: actual cost limit exceeded'],
    ['[7, 8].first().value() + [7, 8].last().value()', '15'],
    ['{"a": 1}.transformMapEntry(k, v, {v: k})', '{1: a}'],
    ['{"a": 1, "b": 1}.transformMapEntry(k, v, {v: k})', 'fault: insert failed: key 1 already exists'],
    ['optional.of(1).orValue(2)', '1'],
    ['optional.none().orValue(2)', '2'],
    ['{"a": {"b": 1}}.?a.?b.orValue(0)', '1'],
    ['{"a": 1}[?"b"].hasValue()', 'false'],
    ['self.size()', '3'],
    ['self.charAt(1) + self.substring(1, 2)', 'bb'],
    ['"a,b,c".split(",", 2)', '[a, b,c]'],
    ['"%d of %s, %.2f".format([3, "x", 1.5])', '3 of x, 1.50'],
    ['"%b %o %x %X %e %%".format([5, 8, "hi", 255, 1234.5])', '101 10 6869 FF 1.234500\u202f×\u202f10⁰³ %'],
    ['"%d".format([dyn("a")])', 'fault: error during formatting: decimal clause can only be used on integers, was given string'],
    ['"%s, %s".format([["b", "a"], {"x": 1}])', '["b", "a"], {"x":1}'],
    ['"äöü".size()', '3'],
    ['"abc".matches("^[a-c]+$")', 'true'],
    ['[1, 3, 2].isSorted()', 'false'],
    ['[1, 3, 2].max()', '3'],
    ['sets.equivalent([1, 2], [2, 1, 1])', 'true'],
    ['type(1) == int', 'true'],
    ['type("a") == string', 'true'],
    ['duration("90m").getMinutes()', '90'],
    ['duration("1h30m") > duration("1h")', 'true'],
    ['timestamp("2024-02-29T12:00:00Z").getDayOfYear()', '59'],
    ['timestamp("2024-01-01T00:00:00Z") + duration("24h") == timestamp("2024-01-02T00:00:00Z")', 'true'],
    ['timestamp("2024-06-01T12:00:00Z").getHours("Europe/Berlin")', '14'],
    ['quantity("1Gi").isGreaterThan(quantity("1G"))', 'true'],
    ['quantity("1.5").asInteger()', 'fault: cannot convert value to integer'],
    ['ip("::1").family()', '6'],
    ['cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")', 'true'],
    ['url("https://a.example:8443/p?q=1").getPort()', '8443'],
    ['semver("v01.02", true) == semver("1.2.0")', 'true'],
    ['[lists.range(70000).map(i, "0").join()].all(text, !isSemver(text + "!", true) && !isSemver("1." + text + "!", true))', 'true'],
    ['double([lists.range(70000).map(i, "1").join(), "x"].join())', "fault: type conversion error from 'string' to 'double'"],
    ['double("1.") + double(".5") + double("1e1")', '11.5'],
    ['semver("1.2.3-rc.1").isLessThan(semver("1.2.3"))', 'true'],
    ['format.dns1123Label().validate("A").hasValue()', 'true'],
    ['int("abc")', "fault: type conversion error from 'string' to 'int'"],
    ['[1][5]', 'fault: index out of bounds: 5'],
    ['9223372036854775807 + 1', 'fault: integer overflow'],
  ])('%s → %s', (expression, wanted) => {
    if (wanted === 'fault-free') expect(ask(expression)).toBe('false')
    else expect(ask(expression)).toBe(wanted)
  })

  test.each([
    ['self.', "refused: ERROR: <input>:1:6: Syntax error: no viable alternative at input '.'"],
    ['self > 3', "refused: ERROR: <input>:1:6: found no matching overload for '_>_' applied to '(string, int)'"],
    ['other', "refused: ERROR: <input>:1:1: undeclared reference to 'other' (in container '')"],
    ['self.nope()', "refused: ERROR: <input>:1:10: undeclared reference to 'nope' (in container '')"],
    ['self == null', "refused: ERROR: <input>:1:6: found no matching overload for '_==_' applied to '(string, null)'"],
    ['has(self)', 'refused: ERROR: <input>:1:5: invalid argument to has() macro'],
    ['self.matches("[a")', 'refused: ERROR: <input>:1:14: invalid matches argument'],
    ['duration("1d") > duration("1h")', 'refused: ERROR: <input>:1:10: invalid duration argument'],
    ['timestamp("soon") > timestamp("2020-01-01T00:00:00Z")', 'refused: ERROR: <input>:1:11: invalid timestamp argument'],
    ['size([1, "a", 2.0]) > 1', "refused: ERROR: <input>:1:10: expected type 'int' but found 'string'"],
    ['{"a": 1, "b": "c"}.size() > 1', "refused: ERROR: <input>:1:15: expected type 'int' but found 'string'"],
    ['"%s %s".format([1]) == ""', 'refused: ERROR: <input>:1:15: index 1 out of range'],
    ['"%s".format([1, "a"]) == ""', 'refused: ERROR: <input>:1:12: too many arguments supplied to string.format (expected 1, got 2)'],
    ['"%j".format([1]) == ""', 'refused: ERROR: <input>:1:12: could not parse formatting clause: unrecognized formatting clause "j"'],
    ['"100%".format([]) == ""', 'refused: ERROR: <input>:1:14: unexpected end of string'],
    ['"%s %d".format([1, "a"]) == ""', 'refused: ERROR: <input>:1:20: error during formatting: decimal clause can only be used on integers, was given string'],
    ['"%f".format([1]) == ""', 'refused: ERROR: <input>:1:14: error during formatting: fixed-point clause can only be used on doubles, was given int'],
    ['true ? 1 : "a"', "refused: ERROR: <input>:1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"],
  ])('%s is refused', (expression, wanted) => expect(ask(expression)).toBe(wanted))
})

test('objects are seen through their schema: escaped names, absent fields, formats', () => {
  const schema: PropsSchema = { type: 'object', properties: { 'x-y': { type: 'integer' }, if: { type: 'string' }, day: { type: 'string', format: 'date' }, raw: { type: 'string', format: 'byte' }, any: { 'x-kubernetes-int-or-string': true } } }
  const object = { 'x-y': 3, if: 'z', day: '2024-02-29', raw: 'YWJj', any: '5%' }
  expect(ask('self.x__dash__y == 3 && self.__if__ == "z"', schema, object)).toBe('true')
  expect(ask('self.day.getFullYear() == 2024 && self.raw.size() == 3', schema, object)).toBe('true')
  expect(ask('type(self.any) == int ? self.any > 1 : self.any.endsWith("%")', schema, object)).toBe('true')
  expect(ask('has(self.day)', schema, {})).toBe('false')
  expect(ask('self.day.getFullYear() == 1', schema, {})).toBe('fault: no such key: day')
  expect(ask('self.nope', schema, {})).toBe("refused: ERROR: <input>:1:5: undefined field 'nope'")
})

test('what an expression may cost is known before it runs', () => {
  const cost = (expression: string, schema: PropsSchema): number => {
    const self = typeOfSchema(schema)
    const compiled = compile(expression, new Map(self ? [['self', self]] : []))
    if (compiled.kind === 'refused') throw new Error(compiled.message)
    return costOf(compiled.program.expression, compiled.program.checked, new Map([['self', sizeOfSchema(schema)]]))
  }
  const list: PropsSchema = { type: 'array', items: { type: 'integer' }, maxItems: 10 }
  expect(cost('self.all(x, x > 1)', list)).toBeLessThan(100)
  expect(cost('self.all(x, self.all(y, x == y))', { ...list, maxItems: 10_000 })).toBeGreaterThan(100_000_000)
  expect(cost('self.contains("x")', { type: 'string' })).toBeGreaterThan(100_000)
  expect(cost('"a" + string(self)', { type: 'integer' })).toBe(Infinity)
  // Nothing says how long keys may be, and Kubernetes takes them for empty: Istio and Karpenter have such rules.
  const labels = (maxProperties: number): PropsSchema => ({ type: 'object', additionalProperties: { type: 'string', maxLength: 63 }, maxProperties })
  expect(cost('self.all(key, !key.contains("*"))', labels(4096))).toBeLessThan(100_000)
  expect(cost('self.all(x, x in ["a"] || !x.find("^([^/]+)").endsWith("b"))', labels(100))).toBeLessThan(100_000)
})

test('what would go over too much is not even begun', () => {
  const compiled = compile('self.all(x, x >= 0)', new Map([['self', DYN]]))
  let read = 0
  const counted = (length: number): Value =>
    new Proxy(Array.from({ length }, () => 1n), {
      get(list, property, receiver) {
        if (typeof property === 'string' && /^\d+$/.test(property)) read++
        return Reflect.get(list, property, receiver) as unknown
      },
    })
  const run = (length: number): unknown => (compiled.kind === 'compiled' ? compiled.program.run(new Map([['self', counted(length)]])) : compiled.message)
  expect(run(100)).toBe(true)
  expect(read).toBe(100)
  expect(() => run(400_000)).toThrow('operation cancelled: actual cost limit exceeded')
  expect(read).toBe(100)
})

const BOUND = new Map<string, Value>([
  ['list', [0n, 0n]],
  ['map', new Map([['a', new Map([['b', 1n]])]])],
  ['text', 'x'.repeat(500)],
  ['number', 1n],
])

/** What the expression costs when it runs, with variables whose types are known. */
function costs(expression: string): number {
  const types = new Map([['list', listOf(INT)], ['map', mapOf(STRING, mapOf(STRING, INT))], ['text', STRING], ['number', INT]])
  const compiled = compile(expression, types)
  const meter = { cost: 0 }
  if (compiled.kind === 'compiled') compiled.program.run(BOUND, meter)
  return compiled.kind === 'compiled' ? meter.cost : Number.NaN
}

// As cel-go counts with Kubernetes' settings.
test.each([
  ['1 + 1', 1],
  ['map.a.b', 3],
  ['has(map.a.b)', 2],
  ['map["a"]["b"]', 3],
  ['list[number - 1]', 4],
  ['map.all(k, map[k].b > 0)', 9],
  ['list.all(x, true)', 8],
  ['[1, 2, 3].all(x, true)', 10],
  ['[number].all(x, true)', 15],
  ['[{"a": 1}, {"b": 2}].all(x, true)', 77],
  ['list.exists(x, x == 1)', 14],
  ['list.map(x, 1)', 26],
  ['list.filter(x, true)', 28],
  ['number in list', 4],
  ['list == list', 3],
  ['text == text', 52],
  ['text + text', 102],
  ['text.contains(text)', 2502],
  ['text.startsWith("a")', 51],
  ['text.matches("[0-9]")', 103],
  ['text.split("")', 101],
  ['["ab", "cd"].join("")', 1],
  ['list.sum()', 3],
  ['ip("10.0.0.1").family()', 2],
  ['dyn(text) == dyn(text)', 54],
  ['lists.range(100).size()', 112],
  ['list.slice(0, 2).reverse()', 27],
  ['list.distinct()', 20],
  ['["b", "a"].sort()', 19],
  ['["b", "a"].sortBy(s, s)', 46],
  ['sets.contains(list, list)', 7],
  ['dyn(text) < dyn(text)', 5],
])('%s costs %i', (expression, cost) => {
  expect(costs(expression)).toBe(cost)
})

test('what goes through a list pays for the length of its texts', () => {
  const costsWith = (text: string): number => costs(`["${text}"].indexOf("b")`)
  expect(costsWith('a'.repeat(30)) - costsWith('a')).toBe(3)
})

class Watched extends Map<Value, Value> {
  static reads = 0
  override get(key: Value): Value | undefined {
    if (++Watched.reads > 20_000_000) throw new Error('held for too long')
    return super.get(key)
  }
}

test.each(['lists.range(60000).all(i, a == b)', 'lists.range(60000).exists(i, a == b && false) || true', 'lists.range(50000).all(i, a in [b, b])', '[a, b].map(x, lists.range(50000).map(i, x)).map(y, y.distinct())', 'lists.range(50000).all(i, sets.equivalent([a], [b]))'])('what is compared is bounded by all that is in it: %s', (expression) => {
  const big = (): Value => new Watched(Array.from({ length: 1000 }, (_, index) => [`k${index}`, [BigInt(index)]]))
  const compiled = compile(expression, new Map([['a', DYN], ['b', DYN]]))
  Watched.reads = 0
  expect(() => compiled.kind === 'compiled' && compiled.program.run(new Map([['a', big()], ['b', big()]]))).toThrow('operation cancelled: actual cost limit exceeded')
  expect(Watched.reads).toBeLessThan(5_000_001)
})

test('names of an inner comprehension hide those around it', () => {
  const run = (text: string): unknown => {
    const compiled = compile(text, new Map([['self', DYN]]))
    return compiled.kind === 'compiled' ? compiled.program.run(new Map([['self', [1n, 2n]]])) : compiled.message
  }
  expect(run('self.map(x, self.map(x, x * 10))')).toEqual([[10n, 20n], [10n, 20n]])
  expect(run('self.map(x, self.exists(y, y > x) ? x : 0)')).toEqual([1n, 0n])
  expect(run('self.transformList(i, v, i * 10 + v)')).toEqual([1n, 12n])
  expect(run('{"a": 1}.map(k, self.map(k, k).size() == 2 ? k : "")')).toEqual(['a'])
})
