import type { Pod } from '../../shared/model/gen/api.ts'

/** Files of a pod that the agent writes. Pure. */

/** The name a pod has for itself: its own, or the first part of its metadata's (a host name has 63 characters). */
export function hostnameOf(pod: Pod, clusterDomain: string): string {
  const name = pod.spec?.hostnameOverride ?? pod.spec?.hostname ?? (pod.metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '')
  const domain = domainOf(pod, clusterDomain)
  return pod.spec?.setHostnameAsFQDN === true && domain !== '' ? `${name}.${domain}` : name
}

const domainOf = (pod: Pod, clusterDomain: string): string => (pod.spec?.subdomain ? `${pod.spec.subdomain}.${pod.metadata.namespace ?? ''}.svc.${clusterDomain}` : '')

const LOCAL = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', 'fe00::\tip6-localnet', 'fe00::\tip6-mcastprefix', 'fe00::1\tip6-allnodes', 'fe00::2\tip6-allrouters']

export interface HostsOptions {
  readonly ip: string
  readonly hostname: string
  readonly clusterDomain: string
  /** The node's own file, for a pod on its network. */
  readonly nodeHosts: string
}

/** `/etc/hosts` */
export function hostsFile(pod: Pod, { ip, hostname, clusterDomain, nodeHosts }: HostsOptions): string {
  const aliases = (pod.spec?.hostAliases ?? []).map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join('\t')}`)
  const added = aliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...aliases]
  if (pod.spec?.hostNetwork === true) return `${['# Kubernetes-managed hosts file (host network).', nodeHosts.replace(/\n$/, ''), ...added].join('\n')}\n`
  const domain = domainOf(pod, clusterDomain)
  const short = hostname.split('.')[0] ?? hostname
  const self = domain === '' ? `${ip}\t${hostname}` : `${ip}\t${short}.${domain}\t${short}`
  return `${['# Kubernetes-managed hosts file.', ...LOCAL, self, ...added].join('\n')}\n`
}

export interface DnsOptions {
  /** Addresses of the cluster's DNS service; none: the node's servers are used. */
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  /** The node's own resolv.conf. */
  readonly nodeResolvConf: string
}

interface Resolver {
  readonly nameservers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

function parseResolvConf(text: string): Resolver {
  const of = (word: string): readonly string[][] => text.split('\n').map((line) => line.trim().split(/\s+/)).filter((words) => words[0] === word).map((words) => words.slice(1))
  return { nameservers: of('nameserver').flatMap((words) => words.slice(0, 1)), searches: of('search').at(-1) ?? [], options: of('options').flat() }
}

/** `/etc/resolv.conf`, by `dnsPolicy` and `dnsConfig`. */
export function resolvConf(pod: Pod, options: DnsOptions): string {
  const base = baseResolver(pod, options)
  const extra = pod.spec?.dnsConfig
  const given = (extra?.options ?? []).map((one) => (one.value === undefined || one.value === '' ? (one.name ?? '') : `${one.name ?? ''}:${one.value}`))
  const givenNames = new Set(given.map((one) => one.split(':')[0]))
  const nameservers = [...new Set([...base.nameservers, ...(extra?.nameservers ?? [])])]
  const searches = [...new Set([...base.searches, ...(extra?.searches ?? [])])]
  const merged = [...base.options.filter((one) => !givenNames.has(one.split(':')[0] ?? '')), ...given]
  const lines = [...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []), ...nameservers.map((one) => `nameserver ${one}`), ...(merged.length > 0 ? [`options ${merged.join(' ')}`] : [])]
  return lines.map((line) => `${line}\n`).join('')
}

function baseResolver(pod: Pod, { clusterDns, clusterDomain, nodeResolvConf }: DnsOptions): Resolver {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst'
  if (policy === 'None') return { nameservers: [], searches: [], options: [] }
  const node = parseResolvConf(nodeResolvConf)
  const usesCluster = (policy === 'ClusterFirst' && pod.spec?.hostNetwork !== true) || policy === 'ClusterFirstWithHostNet'
  if (!usesCluster) return node
  const namespace = pod.metadata.namespace ?? ''
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...node.searches]
  return { nameservers: clusterDns.length > 0 ? clusterDns : node.nameservers, searches, options: ['ndots:5'] }
}
