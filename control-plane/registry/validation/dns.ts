import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { HostAlias, PodDNSConfig, PodSpec } from '../../../shared/model/gen/api.ts'
import { dns1123SubdomainWithUnderscoreProblems } from '../../../shared/model/validation/names.ts'
import { ip } from './addresses.ts'
import { dnsSubdomain, each, objections } from './check.ts'

const NAMESERVERS_MAX = 3
const SEARCHES_MAX = 32
const SEARCH_CHARACTERS_MAX = 2048

export function validateDns({ dnsPolicy, dnsConfig: config }: PodSpec, path: string): readonly FieldError[] {
  if (dnsPolicy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if (!config.nameservers?.length) return [required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
  }
  return config ? validateDnsConfig(config, path) : []
}

function validateDnsConfig({ nameservers = [], searches = [], options }: PodDNSConfig, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (nameservers.length > NAMESERVERS_MAX) errors.push(invalid(`${path}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`))
  errors.push(...each(nameservers, `${path}.nameservers`, (server, at) => ip(at, server)))
  if (searches.length > SEARCHES_MAX) errors.push(invalid(`${path}.searches`, searches, `must not have more than ${SEARCHES_MAX} search paths`))
  if (searches.join(' ').length > SEARCH_CHARACTERS_MAX) errors.push(invalid(`${path}.searches`, searches, `must not have more than ${SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list`))
  errors.push(...each(searches, `${path}.searches`, validateSearch))
  return [...errors, ...each(options, `${path}.options`, (option, at) => (option.name ? [] : [required(at, 'must not be empty')]))]
}

/** A dot at the end is fine, and so is nothing but a dot. */
function validateSearch(search: string, field: string): readonly FieldError[] {
  if (search === '.') return []
  const name = search.replace(/\.$/, '')
  return objections(field, name, dns1123SubdomainWithUnderscoreProblems(name))
}

export const validateHostAliases = (aliases: readonly HostAlias[] | undefined, path: string): readonly FieldError[] =>
  each(aliases, path, (alias, at) => [...ip(`${at}.ip`, alias.ip), ...each(alias.hostnames, `${at}.hostnames`, (hostname, hostAt) => dnsSubdomain(hostAt, hostname))])
