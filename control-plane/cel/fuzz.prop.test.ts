import { expect, test } from 'vitest'
import { compile } from './cel.ts'
import { costOf } from './cost.ts'
import { DYN, INT, listOf, mapOf, STRING } from './types.ts'
import { CelFault, type Value } from './values.ts'

const types = new Map([['x', DYN], ['n', INT], ['s', STRING], ['l', listOf(INT)], ['m', mapOf(STRING, STRING)]])
const values = new Map<string, Value>([['x', new Map<Value, Value>([['a', [1n, 'b', null]]])], ['n', 3n], ['s', 'a-1,b😀'], ['l', [3n, 1n, 2n]], ['m', new Map([['k', 'v']])]])

/** The same numbers each time. */
class Dice {
  #state: number
  constructor(seed: number) {
    this.#state = seed
  }
  below(limit: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647
    return this.#state % limit
  }
  of<One>(all: readonly One[]): One {
    return all[this.below(all.length)] as One
  }
}

type Kind = 'int' | 'text' | 'bool' | 'list' | 'double' | 'map' | 'quantity' | 'ip' | 'cidr' | 'url' | 'semver' | 'optional' | 'duration' | 'timestamp' | 'bytes' | 'uint' | 'any'

/** In the parts `<int>`, `<text>` …; the first of each has none. */
const FORMS: Readonly<Record<Kind, readonly string[]>> = {
  int: ['n', '0', '-1', '9223372036854775807', '-9223372036854775808', '0x1F', '<int> + <int>', '<int> * <int>', '<int> / <int>', '<int> % <int>', '-<int>', 'size(<text>)', '<list>.size()', '<text>.indexOf(<text>)', '<text>.lastIndexOf(<text>, <int>)', 'int(<text>)', 'int(<double>)', 'int(<uint>)', 'int(<timestamp>)', '<list>.sum()', '<list>.max()', '<list>.indexOf(<int>)', '<quantity>.asInteger()', 'sign(<quantity>)', '<quantity>.compareTo(<quantity>)', '<ip>.family()', '<cidr>.prefixLength()', '<semver>.major()', '<semver>.compareTo(<semver>)', '<duration>.getHours()', '<timestamp>.getMonth()', '<timestamp>.getHours(<text>)', '<bool> ? <int> : <int>', '<list>[<int>]', '<optional>.orValue(<int>)'],
  text: ['s', '""', "'a'", '"ä😀\\n"', 'r"\\d+"', '"1Gi"', '"10.0.0.1"', '"10.0.0.0/8"', '"https://u:p@h:1/p?q=1#f"', '"1.2.3-rc.1+b"', '"1h30m"', '"2024-02-29T00:00:00Z"', '"Europe/Berlin"', '"%s %d %.3f %x %b %o %e"', '"(a+)*[b"', '<text> + <text>', '<text>.charAt(<int>)', '<text>.lowerAscii()', '<text>.upperAscii()', '<text>.trim()', '<text>.replace(<text>, <text>)', '<text>.replace(<text>, <text>, <int>)', '<text>.substring(<int>)', '<text>.substring(<int>, <int>)', '<text>.find(<text>)', '<text>.format([<any>, <any>])', 'string(<any>)', '<text>.split(<text>).join(<text>)', 'strings.quote(<text>)', '<url>.getHost()', '<url>.getEscapedPath()', 'string(<ip>)', 'string(<cidr>)', 'm[<text>]', 'm.k', 'string(<bytes>)'],
  bool: ['true', 'false', '<bool> && <bool>', '<bool> || <bool>', '!<bool>', '<int> < <int>', '<any> == <any>', '<any> != <any>', '<any> in <list>', '<text> in m', 'has(x.a)', 'has(m.z)', '<text>.matches(<text>)', '<text>.contains(<text>)', '<text>.startsWith(<text>)', '<list>.all(i, <bool>)', '<list>.exists(i, v, v > i)', '<list>.exists_one(i, i > <int>)', '<list>.isSorted()', 'sets.contains(<list>, <list>)', 'sets.equivalent(<list>, <list>)', 'sets.intersects(<list>, <list>)', 'isQuantity(<text>)', 'isIP(<text>)', 'isCIDR(<text>)', 'isURL(<text>)', 'isSemver(<text>)', 'isSemver(<text>, <bool>)', '<quantity>.isGreaterThan(<quantity>)', '<ip>.isGlobalUnicast()', '<ip>.isLoopback()', 'ip.isCanonical(<text>)', '<cidr>.containsIP(<text>)', '<cidr>.containsIP(<ip>)', '<cidr>.containsCIDR(<cidr>)', '<semver>.isLessThan(<semver>)', '<optional>.hasValue()', 'format.dns1123Label().validate(<text>).hasValue()', 'format.named(<text>).hasValue()', 'bool(<text>)', 'type(<any>) == int'],
  list: ['l', '[]', '[1, 2]', '[<int>, <int>]', '<list> + <list>', '<list>.map(i, i + <int>)', '<list>.map(i, i > 1, i)', '<list>.filter(i, <bool>)', '<list>.transformList(i, v, i * v)', '<list>.sort()', '<list>.sortBy(i, -i)', '<list>.reverse()', '<list>.distinct()', '<list>.slice(<int>, <int>)', '[<list>, <list>].flatten()', 'lists.range(<int>)', '[?<optional>, <int>]'],
  double: ['1.5', '-0.0', '1e300', '<double> / <double>', '<double> * <double>', 'double(<text>)', 'double(<int>)', '<quantity>.asApproximateFloat()'],
  uint: ['1u', '0xFFu', '<uint> - <uint>', 'uint(<int>)', 'uint(<double>)', 'uint(<text>)'],
  bytes: ['b"a\\xff"', 'bytes(<text>)', '<bytes> + <bytes>'],
  map: ['m', 'x', '{}', '{<text>: <text>}', '{?<text>: <optional>}', '<list>.transformMap(i, v, v)', '<list>.transformMapEntry(i, v, {v: i})', '<url>.getQuery()'],
  quantity: ['quantity("1.5Gi")', 'quantity(<text>)', '<quantity>.add(<quantity>)', '<quantity>.sub(<int>)'],
  ip: ['ip("::1")', 'ip(<text>)', '<cidr>.ip()'],
  cidr: ['cidr("10.0.0.0/8")', 'cidr(<text>)', '<cidr>.masked()'],
  url: ['url("https://h/p?a=b")', 'url(<text>)'],
  semver: ['semver("1.2.3")', 'semver(<text>)', 'semver(<text>, <bool>)'],
  optional: ['optional.none()', 'optional.of(<int>)', 'optional.ofNonZeroValue(<int>)', '<list>[?<int>]', '<map>.?a', '<list>.first()', '<list>.last()', '<optional>.or(<optional>)', '<optional>.optMap(v, v + 1)', '<optional>.optFlatMap(v, <optional>)'],
  duration: ['duration("1h")', 'duration(<text>)', '<duration> + <duration>', '<timestamp> - <timestamp>'],
  timestamp: ['timestamp("2024-02-29T01:02:03Z")', 'timestamp(<int>)', 'timestamp(<text>)', '<timestamp> + <duration>', '<timestamp> - <duration>'],
  any: ['null', 'x', '<int>', '<text>', '<bool>', '<list>', '<double>', '<map>', '<quantity>', '<ip>', '<url>', '<semver>', '<optional>', '<duration>', '<timestamp>', '<bytes>', '<uint>', 'dyn(<int>)', 'dyn(<text>)', 'type(<any>)'],
}
const KINDS = Object.keys(FORMS) as readonly Kind[]

function made(kind: Kind, depth: number, dice: Dice): string {
  // Some parts are of a type that nobody takes there.
  const forms = FORMS[dice.below(60) === 0 ? dice.of(KINDS) : kind]
  const form = depth <= 0 ? forms[dice.below(Math.min(2, forms.length))] : dice.of(forms)
  return (form ?? '').replaceAll(/<(\w+)>/g, (_all, inner: Kind) => (depth < -3 ? 'null' : `(${dice.below(20) === 0 ? `dyn(${made(inner, depth - 1, dice)})` : made(inner, depth - 1, dice)})`))
}

/** With something left out, put in or changed. */
function broken(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1)
  return text.slice(0, at) + dice.of(['', '(', ')', '[', '}', ',', '"', "'", '\\', '?', '.', ' x ', '#', '&&', '`', '\ud83d', '0x', 'in']) + text.slice(at + dice.below(3))
}

const PLACE = /^ERROR: <input>:(?:\d+:\d+|-1:0): /

test('whatever is asked, it is answered, fails in words of the language, or is refused at a place', () => {
  const dice = new Dice(20_261_123)
  const outcomes = { value: 0, fault: 0, refused: 0 }
  for (let round = 0; round < 5000; round++) {
    const whole = made(dice.of(KINDS), 1 + dice.below(4), dice)
    const text = round % 4 === 0 ? broken(whole, dice) : whole
    const compiled = compile(text, types)
    if (compiled.kind === 'refused') {
      outcomes.refused++
      for (const line of compiled.message.split('\n').filter((one) => one.startsWith('ERROR'))) expect(line, text).toMatch(PLACE)
      continue
    }
    expect(costOf(compiled.program.expression, compiled.program.checked, new Map()), text).toBeGreaterThanOrEqual(0)
    const meter = { cost: 0 }
    try {
      expect(compiled.program.run(values, meter), text).toBeDefined()
      outcomes.value++
    } catch (error) {
      if (!(error instanceof CelFault)) throw new Error(`${text}: ${String(error)}`, { cause: error })
      expect(error.message, text).not.toBe('')
      outcomes.fault++
    }
    expect(meter.cost, text).toBeGreaterThanOrEqual(0)
    expect(Number.isFinite(meter.cost), text).toBe(true)
  }
  // Each of these happens often, or nothing is tried.
  expect(Math.min(outcomes.value, outcomes.fault, outcomes.refused), JSON.stringify(outcomes)).toBeGreaterThan(500)
})
