/** Kubernetes' own types in CEL: quantities, URLs, addresses, versions, named formats. */
import { parseQuantity, type Quantity, quantityProblem } from '../../shared/model/quantity.ts'
import { hasFormat } from '../../shared/model/structural/formats.ts'
import { cidrContains, formatIp, type IpAddress, networkOf, parseCidr, parseIp } from '../../shared/model/validation/ip.ts'
import { cIdentifierProblems, dns1035LabelProblems, dns1123LabelProblems, dns1123SubdomainProblems, labelValueProblems, nameProblems, qualifiedNameProblems } from '../../shared/model/validation/names.ts'
import { addressProblem, prefixProblem } from './go-parsing.ts'
import { type GoUrl, queryOf, readUrl } from './go-url.ts'
import type { Apply } from './overloads.ts'
import { compareSemver, parseSemver, problemOfSemver } from './semver.ts'
import { CelFault, CidrValue, FormatValue, IpValue, Optional, QuantityValue, type SemverValue, UrlValue, type Value } from './values.ts'

const fault = (message: string): never => {
  throw new CelFault(message)
}

const quantityOf = (text: Value): Quantity => parseQuantity(text as string) ?? fault(quantityProblem(text as string) ?? '')
const nanos = (value: Value): bigint => (value as QuantityValue).quantity.nanos
const withNanos = (value: Value, sum: bigint): QuantityValue => new QuantityValue({ ...(value as QuantityValue).quantity, nanos: sum })
const BILLION = 1_000_000_000n

/** Of 64 bits. */
const isInteger = (value: Value): boolean => nanos(value) % BILLION === 0n && BigInt.asIntN(64, nanos(value) / BILLION) === nanos(value) / BILLION
const asInteger = (value: Value): bigint => (isInteger(value) ? nanos(value) / BILLION : fault('cannot convert value to integer'))

const quantities: Record<string, Apply> = {
  'quantity(string): Quantity': (text) => new QuantityValue(quantityOf(text)),
  'isQuantity(string): bool': (text) => parseQuantity(text as string) !== undefined,
  'sign(Quantity): int': (a) => (nanos(a) > 0n ? 1n : nanos(a) < 0n ? -1n : 0n),
  'Quantity.isInteger(): bool': isInteger,
  'Quantity.asInteger(): int': asInteger,
  'Quantity.asApproximateFloat(): double': (a) => Number(nanos(a)) / 1e9,
  'Quantity.isGreaterThan(Quantity): bool': (a, b) => nanos(a) > nanos(b),
  'Quantity.isLessThan(Quantity): bool': (a, b) => nanos(a) < nanos(b),
  'Quantity.compareTo(Quantity): int': (a, b) => (nanos(a) < nanos(b) ? -1n : nanos(a) > nanos(b) ? 1n : 0n),
  'Quantity.add(Quantity): Quantity': (a, b) => withNanos(a, nanos(a) + nanos(b)),
  'Quantity.add(int): Quantity': (a, b) => withNanos(a, nanos(a) + (b as bigint) * BILLION),
  'Quantity.sub(Quantity): Quantity': (a, b) => withNanos(a, nanos(a) - nanos(b)),
  'Quantity.sub(int): Quantity': (a, b) => withNanos(a, nanos(a) - (b as bigint) * BILLION),
}

function urlOf(text: Value): UrlValue {
  const read = readUrl(text as string)
  return read.kind === 'read' ? new UrlValue(read.url) : fault(`URL parse error during conversion from string: ${read.problem}`)
}

const url = (value: Value): GoUrl => (value as UrlValue).url

const urls: Record<string, Apply> = {
  'url(string): URL': urlOf,
  'isURL(string): bool': (text) => readUrl(text as string).kind === 'read',
  'URL.getScheme(): string': (value) => url(value).scheme,
  'URL.getHost(): string': (value) => url(value).host,
  'URL.getHostname(): string': (value) => url(value).hostname,
  'URL.getPort(): string': (value) => url(value).port,
  'URL.getEscapedPath(): string': (value) => url(value).path,
  'URL.getQuery(): map<string, list<string>>': (value) => queryOf(url(value)),
}

/** Go refuses what Kubernetes' older reader forgives. */
const hasLeadingZero = (text: string): boolean => /(?:^|\.)0\d/.test(text)

/** Addresses of version 4 in clothes of version 6 are none here, nor are those of one interface. */
function ipProblem(text: string): string | undefined {
  const zone = text.indexOf('%')
  const read = hasLeadingZero(text) ? undefined : parseIp(zone < 0 ? text : text.slice(0, zone))
  if (!read || zone === text.length - 1 || (zone >= 0 && !text.includes(':'))) return `IP Address ${JSON.stringify(text)} parse error during conversion from string: ${addressProblem(text)}`
  if (zone >= 0) return `IP address ${JSON.stringify(text)} with zone value is not allowed`
  return read.family === 4 && text.includes(':') ? `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed` : undefined
}

function ipOf(text: Value): IpAddress {
  const problem = ipProblem(text as string)
  return problem === undefined ? (parseIp(text as string) ?? fault('')) : fault(problem)
}

const bytes = (value: Value): readonly number[] => (value as IpValue).ip.bytes
const family = (value: Value): 4 | 6 => (value as IpValue).ip.family
const isAll = (value: Value, want: readonly number[]): boolean => bytes(value).every((byte, index) => byte === want[index])

const addresses: Record<string, Apply> = {
  'ip(string): IP': (text) => new IpValue(ipOf(text)),
  'isIP(string): bool': (text) => ipProblem(text as string) === undefined,
  'ip.isCanonical(string): bool': (text) => formatIp(ipOf(text)) === text,
  'string(IP): string': (value) => formatIp((value as IpValue).ip),
  'IP.family(): int': (value) => BigInt(family(value)),
  'IP.isUnspecified(): bool': (value) => bytes(value).every((byte) => byte === 0),
  'IP.isLoopback(): bool': (value) => (family(value) === 4 ? bytes(value)[0] === 127 : isAll(value, [...Array<number>(15).fill(0), 1])),
  'IP.isLinkLocalMulticast(): bool': (value) => (family(value) === 4 ? bytes(value)[0] === 224 && bytes(value)[1] === 0 && bytes(value)[2] === 0 : bytes(value)[0] === 0xff && ((bytes(value)[1] ?? 0) & 0x0f) === 0x02),
  'IP.isLinkLocalUnicast(): bool': (value) => (family(value) === 4 ? bytes(value)[0] === 169 && bytes(value)[1] === 254 : bytes(value)[0] === 0xfe && ((bytes(value)[1] ?? 0) & 0xc0) === 0x80),
  'IP.isGlobalUnicast(): bool': (value) => isGlobalUnicast(value),
}

function isGlobalUnicast(value: Value): boolean {
  const [first = 0, second = 0] = bytes(value)
  if (bytes(value).every((byte) => byte === 0)) return false
  if (family(value) === 4) return first !== 127 && first < 224 && !(first === 169 && second === 254) && !bytes(value).every((byte) => byte === 255)
  return first !== 0xff && !(first === 0xfe && (second & 0xc0) === 0x80) && !isAll(value, [...Array<number>(15).fill(0), 1])
}

const cidr = (value: Value): CidrValue['cidr'] => (value as CidrValue).cidr
/** Said twice, as Kubernetes does. */
const CIDR_ERROR = 'network address parse error during conversion from string'

function cidrProblem(text: string): string | undefined {
  const read = hasLeadingZero(text) ? undefined : parseCidr(text)
  if (!read) return `${CIDR_ERROR}: ${CIDR_ERROR}: ${prefixProblem(text)}`
  return read.address.family === 4 && text.includes(':') ? `${CIDR_ERROR}: IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed` : undefined
}

function cidrOf(text: Value): CidrValue {
  const problem = cidrProblem(text as string)
  const read = problem === undefined ? parseCidr(text as string) : undefined
  return read ? new CidrValue(read) : fault(problem ?? '')
}

const ranges: Record<string, Apply> = {
  'cidr(string): CIDR': cidrOf,
  'isCIDR(string): bool': (text) => cidrProblem(text as string) === undefined,
  'string(CIDR): string': (value) => `${formatIp(cidr(value).address)}/${cidr(value).prefixLength}`,
  'CIDR.containsIP(IP): bool': (value, ip) => cidrContains(cidr(value), (ip as IpValue).ip),
  'CIDR.containsIP(string): bool': (value, text) => cidrContains(cidr(value), ipOf(text)),
  'CIDR.containsCIDR(CIDR): bool': (value, other) => contains(cidr(value), cidr(other)),
  'CIDR.containsCIDR(string): bool': (value, text) => contains(cidr(value), cidrOf(text).cidr),
  'CIDR.ip(): IP': (value) => new IpValue(cidr(value).address),
  'CIDR.masked(): CIDR': (value) => new CidrValue({ ...cidr(value), address: networkOf(cidr(value)) }),
  'CIDR.prefixLength(): int': (value) => BigInt(cidr(value).prefixLength),
}

const contains = (outer: CidrValue['cidr'], inner: CidrValue['cidr']): boolean => inner.prefixLength >= outer.prefixLength && cidrContains(outer, networkOf(inner))

const semverOf = (text: Value, lenient = false): SemverValue => parseSemver(text as string, lenient) ?? fault(problemOfSemver(text as string, lenient))
const semver = (value: Value): SemverValue => value as SemverValue

const versions: Record<string, Apply> = {
  'semver(string): Semver': (text) => semverOf(text),
  'semver(string, bool): Semver': (text, lenient) => semverOf(text, lenient as boolean),
  'isSemver(string): bool': (text) => parseSemver(text as string, false) !== undefined,
  'isSemver(string, bool): bool': (text, lenient) => parseSemver(text as string, lenient as boolean) !== undefined,
  'Semver.major(): int': (value) => semver(value).parts[0],
  'Semver.minor(): int': (value) => semver(value).parts[1],
  'Semver.patch(): int': (value) => semver(value).parts[2],
  'Semver.isGreaterThan(Semver): bool': (a, b) => compareSemver(semver(a), semver(b)) > 0,
  'Semver.isLessThan(Semver): bool': (a, b) => compareSemver(semver(a), semver(b)) < 0,
  'Semver.compareTo(Semver): int': (a, b) => BigInt(compareSemver(semver(a), semver(b))),
}

type Check = (text: string) => readonly string[]
const byFormat = (name: string, problem = `invalid ${name}`): Check => (text) => (hasFormat(name, text) ? [] : [problem])

function uriProblems(text: string): readonly string[] {
  const read = readUrl(text)
  return read.kind === 'read' ? [] : [read.problem]
}

const FORMATS: Readonly<Record<string, Check>> = {
  dns1123Label: dns1123LabelProblems,
  dns1123Subdomain: dns1123SubdomainProblems,
  dns1035Label: dns1035LabelProblems,
  qualifiedName: qualifiedNameProblems,
  dns1123LabelPrefix: (text) => nameProblems('dns-label', text, true),
  dns1123SubdomainPrefix: (text) => nameProblems('dns-subdomain', text, true),
  dns1035LabelPrefix: (text) => nameProblems('dns1035-label', text, true),
  labelValue: labelValueProblems,
  cIdentifier: cIdentifierProblems,
  uri: uriProblems,
  uuid: byFormat('uuid', 'does not match the UUID format'),
  byte: byFormat('byte', 'invalid base64'),
  date: byFormat('date'),
  datetime: byFormat('datetime'),
}

function validateFormat(format: Value, text: Value): Optional {
  const problems = (format as FormatValue).validate(text as string)
  return new Optional(problems.length === 0 ? undefined : problems)
}

const formats: Record<string, Apply> = {
  ...Object.fromEntries(Object.entries(FORMATS).map(([name, check]): [string, Apply] => [`format.${name}(): Format`, () => new FormatValue(name, check)])),
  'format.named(string): optional<Format>': (name) => {
    const check = Object.hasOwn(FORMATS, name as string) ? FORMATS[name as string] : undefined
    return new Optional(check && new FormatValue(name as string, check))
  },
  'Format.validate(string): optional<list<string>>': validateFormat,
}

/** A name as a part of a JSON pointer. */
const patches: Record<string, Apply> = { 'jsonpatch.escapeKey(string): string': (key) => (key as string).replaceAll('~', '~0').replaceAll('/', '~1') }

export const kubernetes: Record<string, Apply> = { ...patches, ...quantities, ...urls, ...addresses, ...ranges, ...versions, ...formats }
