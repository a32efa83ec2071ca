/**
 * Image names as Docker and Kubernetes read them: `busybox` means `docker.io/library/busybox:latest`. Pure.
 * The grammar and the words of a refusal are those of the distribution project's `reference` package, which kubelet passes on.
 */
export type ParsedReference = { readonly kind: 'ok'; readonly reference: Reference } | { readonly kind: 'invalid'; readonly message: string }

export interface Reference {
  /** `docker.io/library/busybox` */
  readonly repository: string
  readonly tag?: string
  /** `sha256:…` */
  readonly digest?: string
  /** `docker.io/library/busybox:1.35`, or `…@sha256:…` where a digest is given: the key it is found by. */
  readonly full: string
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const DOMAIN_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const DOMAIN = `(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const REFERENCE = new RegExp(`^(${DOMAIN}/${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@(${DIGEST}))?$`)
const HEX_ID = /^[a-f0-9]{64}$/
const MAX_REPOSITORY = 255

export function parseReference(text: string): ParsedReference {
  if (HEX_ID.test(text)) return invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  const { domain, rest } = splitDomain(text)
  const colon = rest.indexOf(':')
  const remote = colon < 0 ? rest : rest.slice(0, colon)
  if (remote.toLowerCase() !== remote) return invalid(`invalid reference format: repository name (${remote}) must be lowercase`)
  const match = REFERENCE.exec(`${domain}/${rest}`)
  const repository = match?.[1]
  if (repository === undefined) return invalid('invalid reference format')
  if (repository.length - domain.length - 1 > MAX_REPOSITORY) return invalid('repository name must not be more than 255 characters')
  return withDigest(repository, match?.[2], match?.[3])
}

function withDigest(repository: string, tag: string | undefined, digest: string | undefined): ParsedReference {
  if (digest !== undefined) {
    if (!/^sha256:[a-f0-9]{64}$/.test(digest)) return invalid(digest.startsWith('sha256:') ? 'invalid checksum digest length' : 'unsupported digest algorithm')
    return { kind: 'ok', reference: { repository, ...(tag === undefined ? {} : { tag }), digest, full: `${repository}@${digest}` } }
  }
  const given = tag ?? 'latest'
  return { kind: 'ok', reference: { repository, tag: given, full: `${repository}:${given}` } }
}

/** The first part is a host only if it looks like one: a dot, a port, `localhost`, or an upper-case letter. */
function splitDomain(text: string): { readonly domain: string; readonly rest: string } {
  const slash = text.indexOf('/')
  const first = text.slice(0, Math.max(slash, 0))
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)
  const domain = !isHost || first === 'index.docker.io' ? 'docker.io' : first
  const rest = isHost ? text.slice(slash + 1) : text
  return { domain, rest: domain === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest }
}

const invalid = (message: string): ParsedReference => ({ kind: 'invalid', message })
