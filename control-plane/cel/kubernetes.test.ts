import { expect, test } from 'vitest'
import { compile } from './cel.ts'
import { CelFault, type Value } from './values.ts'

function outcome(text: string): Value {
  const compiled = compile(text, new Map())
  if (compiled.kind === 'refused') return `refused: ${compiled.message.split('\n', 1)[0]?.replace(/^ERROR: <input>:[\d:]+: /, '') ?? ''}`
  try {
    return compiled.program.run(new Map())
  } catch (error) {
    if (error instanceof CelFault) return `fault: ${error.message}`
    throw error
  }
}

// What the tests of Kubernetes' own libraries expect, as far as other tables here do not say it.
test.each([
  'isQuantity("20") && isQuantity("20M") && isQuantity("20Mi") && !isQuantity("20Mo") && !isQuantity("10Mm")',
  'quantity("200M") == quantity("200M")',
  'quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")',
  'quantity("2M") == quantity("0.002G") && quantity("2000k") == quantity("2M") && quantity("0.002G") == quantity("2000k")',
  'quantity("200M") != quantity("0.3G")',
  'quantity("50M").isLessThan(quantity("50Mi")) && quantity("50Mi").isGreaterThan(quantity("50M"))',
  'quantity("200M").compareTo(quantity("0.2G")) == 0 && quantity("50M").compareTo(quantity("50Mi")) == -1 && quantity("50Mi").compareTo(quantity("50M")) == 1',
  'quantity("50k").add(quantity("20")) == quantity("50.02k")',
  '!quantity("50k").add(20).isLessThan(quantity("50020"))',
  'quantity("50k").sub(quantity("20")) == quantity("49.98k") && quantity("50k").sub(20) == quantity("49980")',
  'quantity("50k").add(20).sub(quantity("100k")).asInteger() == -49980',
  'quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger() == 20',
  '!quantity("9999999999999999999999999999999999999G").isInteger() && quantity("50").isInteger()',
  'quantity("50.703k").asApproximateFloat() == 50703.0',
  'isSemver("1.2.3-beta.1+build.1") && !isSemver("") && !isSemver("v1.0.0") && !isSemver(" 1.0.0") && !isSemver("1. 0.0") && !isSemver("1.0.0 ") && !isSemver("01.01.01") && !isSemver("1") && !isSemver("1.1")',
  '!isSemver("", true) && !isSemver(" 1.0.0", true) && !isSemver("1. 0.0", true) && !isSemver("1.0.0 ", true) && isSemver("v1.0.0", true) && isSemver("01.01.01", true) && isSemver("1", true) && isSemver("1.1", true)',
  'semver("v01.01", true) == semver("1.1.0") && semver("1.2.3") != semver("1.0.0")',
  'semver("1.2.3").major() == 1 && semver("1.2.3").minor() == 2 && semver("1.2.3").patch() == 3',
  'semver("1.0.0").compareTo(semver("1.2.3")) == -1 && !semver("1.0.0").isGreaterThan(semver("1.0.0"))',
  'cidr("192.168.0.0/24").containsIP(ip("192.168.0.1")) && !cidr("192.168.0.0/24").containsIP("192.168.1.1")',
  'cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.0/25")) && !cidr("192.168.0.0/24").containsCIDR("192.168.0.0/23")',
  'cidr("2001:db8::/32").containsIP("2001:db8::1") && !cidr("2001:db8::/32").containsIP(ip("2001:dc8::1"))',
  'cidr("2001:db8::/32").containsCIDR("2001:db8::/33") && !cidr("2001:db8::/32").containsCIDR(cidr("2001:db8::/31"))',
  'cidr("192.168.0.1/24").masked() == cidr("192.168.0.0/24") && cidr("2001:db8:1::/32").masked() == cidr("2001:db8::/32")',
  'cidr("2001:db8::/32").ip() == ip("2001:db8::") && cidr("2001:db8::/32").prefixLength() == 32',
  'string(cidr("192.168.0.0/24")) == "192.168.0.0/24" && string(ip("192.168.0.1")) == "192.168.0.1"',
  'type(cidr("192.168.0.0/24")) == net.CIDR && type(ip("192.168.0.1")) == net.IP',
  'format.named("dns1123Label").value() == format.dns1123Label() && format.uri() != format.byte() && !format.named("unknown").hasValue()',
  '!format.dns1123LabelPrefix().validate("my-label-prefix-").hasValue() && !format.dns1123SubdomainPrefix().validate("mysubdomain.prefix.-").hasValue() && !format.dns1035LabelPrefix().validate("my-label-prefix-").hasValue()',
  'format.byte().validate("aGVsbG8").value() == ["invalid base64"] && format.date().validate("2020-01-32").value() == ["invalid date"] && format.datetime().validate("2020-01-32T00:00:00Z").value() == ["invalid datetime"]',
  'ip.isCanonical("127.0.0.1") && ip.isCanonical("2001:db8::68") && !ip.isCanonical("2001:DB8::68")',
  'ip("0.0.0.0").isUnspecified() && !ip("127.0.0.1").isUnspecified() && ip("::").isUnspecified() && !ip("::1").isUnspecified()',
  'ip("127.0.0.1").isLoopback() && !ip("1.2.3.4").isLoopback() && ip("::1").isLoopback() && !ip("2001:db8::abcd").isLoopback()',
  'ip("224.0.0.1").isLinkLocalMulticast() && !ip("224.0.1.1").isLinkLocalMulticast() && ip("ff02::1").isLinkLocalMulticast() && !ip("fd00::1").isLinkLocalMulticast()',
  'ip("169.254.169.254").isLinkLocalUnicast() && !ip("192.168.0.1").isLinkLocalUnicast() && ip("fe80::1").isLinkLocalUnicast() && !ip("fd80::1").isLinkLocalUnicast()',
  'ip("192.168.0.1").isGlobalUnicast() && !ip("255.255.255.255").isGlobalUnicast() && ip("2001:db8::abcd").isGlobalUnicast() && !ip("ff00::1").isGlobalUnicast()',
])('%s', (text) => expect(outcome(text)).toBe(true))

test.each([
  ['quantity("10Mo")', "fault: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['quantity("10Mm")', "fault: unable to parse quantity's suffix"],
  ['quantity("9999999999999999999999999999999999999G").asInteger()', 'fault: cannot convert value to integer'],
  ['isQuantity([1, 2, 3])', "refused: found no matching overload for 'isQuantity' applied to '(list(int))'"],
  ['isSemver([1, 2, 3])', "refused: found no matching overload for 'isSemver' applied to '(list(int))'"],
  ['semver("v1.0")', 'fault: No Major.Minor.Patch elements found'],
  ['cidr(192168)', "refused: found no matching overload for 'cidr' applied to '(int)'"],
  ['isIP(cidr("192.168.0.0/24"))', "refused: found no matching overload for 'isIP' applied to '(net.CIDR)'"],
  ['cidr("192.168.0.0/")', 'fault: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("192.168.0.0/"): bad bits after slash: ""'],
  ['cidr("2001:db8::/")', 'fault: network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("2001:db8::/"): bad bits after slash: ""'],
  ['ip("192.168.0.1.0")', 'fault: IP Address "192.168.0.1.0" parse error during conversion from string: ParseAddr("192.168.0.1.0"): IPv4 address too long'],
  ['ip("2001:db8:::68")', 'fault: IP Address "2001:db8:::68" parse error during conversion from string: ParseAddr("2001:db8:::68"): each colon-separated field must have at least one digit (at ":68")'],
  ['ip.isCanonical("2001:db8:::68")', 'fault: IP Address "2001:db8:::68" parse error during conversion from string: ParseAddr("2001:db8:::68"): each colon-separated field must have at least one digit (at ":68")'],
])('%s: %s', (text, said) => expect(outcome(text)).toBe(said))
