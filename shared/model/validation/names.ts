/** What names may look like. Each function gives every objection in Kubernetes' words; an empty list means the value is fine. */
import { byteLength } from '../go-text.ts'
import { addressNameProblems } from './ip.ts'

/** Kubernetes' sentence for a pattern that did not match. */
export function patternProblem(rule: string, pattern: string, examples: readonly string[]): string {
  if (examples.length === 0) return `${rule} (regex used for validation is '${pattern}')`
  return `${rule} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`
}

export const tooLongCharacters = (max: number): string => `must be no more than ${max} characters`
const tooLongBytes = (max: number): string => `must be no more than ${max} bytes`
const EMPTY = 'must be non-empty'

const LABEL_PATTERN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN_PATTERN = `${LABEL_PATTERN}(\\.${LABEL_PATTERN})*`
const DNS1035_PATTERN = '[a-z]([-a-z0-9]*[a-z0-9])?'
const WILDCARD_PATTERN = `\\*\\.${SUBDOMAIN_PATTERN}`
const UNDERSCORE_PATTERN = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*'
const QUALIFIED_PATTERN = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE_PATTERN = `(${QUALIFIED_PATTERN})?`
const CONFIG_KEY_PATTERN = '[-._a-zA-Z0-9]+'
const C_IDENTIFIER_PATTERN = '[A-Za-z_][A-Za-z0-9_]*'
const HEADER_PATTERN = '[-A-Za-z0-9]+'
const PERCENT_PATTERN = '[0-9]+%'

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`)
const LABEL = whole(LABEL_PATTERN)
const SUBDOMAIN = whole(SUBDOMAIN_PATTERN)
const DNS1035 = whole(DNS1035_PATTERN)
const WILDCARD = whole(WILDCARD_PATTERN)
const UNDERSCORE = whole(UNDERSCORE_PATTERN)
const QUALIFIED = whole(QUALIFIED_PATTERN)
const LABEL_VALUE = whole(LABEL_VALUE_PATTERN)
const CONFIG_KEY = whole(CONFIG_KEY_PATTERN)
const C_IDENTIFIER = whole(C_IDENTIFIER_PATTERN)
const HEADER = whole(HEADER_PATTERN)
const PERCENT = whole(PERCENT_PATTERN)

const LABEL_RULE = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const SUBDOMAIN_RULE = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const UNDERSCORE_RULE = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character"
const DNS1035_RULE = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const WILDCARD_RULE = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
const QUALIFIED_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const LABEL_VALUE_RULE = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const CONFIG_KEY_RULE = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
const C_IDENTIFIER_RULE = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'"
const HEADER_RULE = "a valid HTTP header must consist of alphanumeric characters or '-'"
const PERCENT_RULE = "a valid percent string must be a numeric string followed by an ending '%'"
const QUALIFIED_PROBLEM = patternProblem(QUALIFIED_RULE, QUALIFIED_PATTERN, ['MyName', 'my.name', '123-abc'])

/** At most 63 characters: names of namespaces, containers, volumes, … */
export function dns1123LabelProblems(value: string): readonly string[] {
  const long = byteLength(value) > 63 ? [tooLongCharacters(63)] : []
  if (LABEL.test(value)) return long
  return [...long, SUBDOMAIN.test(value) ? 'must not contain dots' : patternProblem(LABEL_RULE, LABEL_PATTERN, ['my-name', '123-abc'])]
}

/** At most 253 characters: the names of most kinds. */
export function dns1123SubdomainProblems(value: string): readonly string[] {
  const long = byteLength(value) > 253 ? [tooLongCharacters(253)] : []
  return SUBDOMAIN.test(value) ? long : [...long, patternProblem(SUBDOMAIN_RULE, SUBDOMAIN_PATTERN, ['example.com'])]
}

export function dns1123SubdomainWithUnderscoreProblems(value: string): readonly string[] {
  const long = byteLength(value) > 253 ? [tooLongCharacters(253)] : []
  return UNDERSCORE.test(value) ? long : [...long, patternProblem(UNDERSCORE_RULE, UNDERSCORE_PATTERN, ['example.com'])]
}

export function wildcardSubdomainProblems(value: string): readonly string[] {
  const long = byteLength(value) > 253 ? [tooLongCharacters(253)] : []
  return WILDCARD.test(value) ? long : [...long, patternProblem(WILDCARD_RULE, WILDCARD_PATTERN, ['*.example.com'])]
}

export function dns1035LabelProblems(value: string): readonly string[] {
  const long = byteLength(value) > 63 ? [tooLongCharacters(63)] : []
  return DNS1035.test(value) ? long : [...long, patternProblem(DNS1035_RULE, DNS1035_PATTERN, ['my-name', 'abc-123'])]
}

/** `name` or `prefix/name`: keys of labels, annotations, taints, resources, finalizers, … */
export function qualifiedNameProblems(value: string): readonly string[] {
  const parts = value.split('/')
  if (parts.length > 2) return [`a valid label key ${QUALIFIED_PROBLEM} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  const name = parts.at(-1) ?? ''
  const prefix = parts.length === 2 ? parts[0] : undefined
  const problems: string[] = []
  if (prefix === '') problems.push(`prefix part ${EMPTY}`)
  else if (prefix !== undefined) problems.push(...dns1123SubdomainProblems(prefix).map((problem) => `prefix part ${problem}`))
  if (name === '') problems.push(`name part ${EMPTY}`)
  else if (byteLength(name) > 63) problems.push(`name part ${tooLongBytes(63)}`)
  if (!QUALIFIED.test(name)) problems.push(`name part ${QUALIFIED_PROBLEM}`)
  return problems
}

export function labelValueProblems(value: string): readonly string[] {
  const long = byteLength(value) > 63 ? [tooLongBytes(63)] : []
  return LABEL_VALUE.test(value) ? long : [...long, patternProblem(LABEL_VALUE_RULE, LABEL_VALUE_PATTERN, ['MyValue', 'my_value', '12345'])]
}

/** Anything that can stand in a URL's path by itself: names of roles and bindings. */
export function pathSegmentProblems(value: string, prefix = false): readonly string[] {
  if (!prefix && (value === '.' || value === '..')) return [`may not be '${value}'`]
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`)
}

/** Keys of ConfigMaps and Secrets. */
export function configKeyProblems(value: string): readonly string[] {
  const problems: string[] = byteLength(value) > 253 ? [tooLongCharacters(253)] : []
  if (!CONFIG_KEY.test(value)) problems.push(patternProblem(CONFIG_KEY_RULE, CONFIG_KEY_PATTERN, ['key.name', 'KEY_NAME', 'key-name']))
  if (value === '.' || value === '..') problems.push(`must not be '${value}'`)
  else if (value.startsWith('..')) problems.push("must not start with '..'")
  return problems
}

export function envNameProblems(value: string): readonly string[] {
  if (value === '') return [`environment variable name ${EMPTY}`]
  return /^[ -<>-~]+$/.test(value) ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

export const cIdentifierProblems = (value: string): readonly string[] => (C_IDENTIFIER.test(value) ? [] : [patternProblem(C_IDENTIFIER_RULE, C_IDENTIFIER_PATTERN, ['my_name', 'MY_NAME', 'MyName'])])
export const httpHeaderProblems = (value: string): readonly string[] => (HEADER.test(value) ? [] : [patternProblem(HEADER_RULE, HEADER_PATTERN, ['X-Header-Name'])])
export const percentProblems = (value: string): readonly string[] => (PERCENT.test(value) ? [] : [patternProblem(PERCENT_RULE, PERCENT_PATTERN, ['1%', '93%'])])

/** The rule of a kind for its names, as the registry says it. */
export type NameRule = 'dns-subdomain' | 'dns-label' | 'dns1035-label' | 'path-segment' | 'ip-address' | 'any'

/** @param prefix whether it is a `generateName`, of which a trailing dash is forgiven. */
export function nameProblems(rule: NameRule, name: string, prefix = false): readonly string[] {
  const masked = prefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
  switch (rule) {
    case 'dns-subdomain':
      return dns1123SubdomainProblems(masked)
    case 'dns-label':
      return dns1123LabelProblems(masked)
    case 'dns1035-label':
      return dns1035LabelProblems(masked)
    case 'path-segment':
      return pathSegmentProblems(name, prefix)
    case 'ip-address':
      return addressNameProblems(name)
    case 'any':
      return []
  }
}
