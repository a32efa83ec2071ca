/** How a webhook is reached: by URL, or through a service. */
import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import { dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import { portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import { objections } from './check.ts'

const FORM = '; desired format: https://host[/path]'

interface UrlParts {
  readonly scheme: string
  readonly userInfo: string | undefined
  readonly host: string
  readonly query: string
  readonly fragment: string
}

/** RFC 3986, appendix B. */
const URL_PATTERN = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s

function partsOf(url: string): UrlParts {
  const [, scheme = '', authority = '', query = '', fragment = ''] = URL_PATTERN.exec(url) ?? []
  const at = authority.lastIndexOf('@')
  return { scheme: scheme.toLowerCase(), userInfo: at < 0 ? undefined : authority.slice(0, at), host: authority.slice(at + 1), query, fragment }
}

const quote = (text: string): string => JSON.stringify(text)

/** Why Go's parser refuses a URL, of the reasons that it has. */
function parseProblem(url: string): string | undefined {
  const problem = urlProblem(url)
  return problem === undefined ? undefined : `parse ${quote(url)}: ${problem}`
}

function urlProblem(url: string): string | undefined {
  if (/[\u0000-\u001f\u007f]/.test(url)) return 'net/url: invalid control character in URL'
  if (url.startsWith(':')) return 'missing protocol scheme'
  const { scheme, host } = partsOf(url)
  if (scheme === '' && /^[^/?#]*:/.test(url)) return 'first path segment in URL cannot contain colon'
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(url)
  return hostProblem(host) ?? (escape ? `invalid URL escape ${quote(escape[0])}` : undefined)
}

function hostProblem(host: string): string | undefined {
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host"
  const port = host.slice(host.startsWith('[') ? host.lastIndexOf(']') + 1 : host.includes(':') ? host.lastIndexOf(':') : host.length)
  if (!/^(?::\d*)?$/.test(port)) return `invalid port ${quote(port)} after host`
  const [odd] = /[ \\^`{|}]/.exec(host) ?? []
  return odd === undefined ? undefined : `invalid character ${quote(odd)} in host name`
}

export function validateWebhookUrl(url: string, field: string): readonly FieldError[] {
  const problem = parseProblem(url)
  if (problem !== undefined) return [required(field, `url must be a valid URL: ${problem}${FORM}`)]
  const { scheme, userInfo, host, query, fragment } = partsOf(url)
  return [
    ...(scheme === 'https' ? [] : [invalid(field, scheme, `'https' is the only allowed URL scheme${FORM}`)]),
    ...(host === '' ? [invalid(field, host, `host must be specified${FORM}`)] : []),
    ...(userInfo === undefined ? [] : [invalid(field, userInfo, 'user information is not permitted in the URL')]),
    ...(fragment === '' ? [] : [invalid(field, fragment, 'fragments are not permitted in the URL')]),
    ...(query === '' ? [] : [invalid(field, query, 'query parameters are not permitted in the URL')]),
  ]
}

export interface WebhookService {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly path?: string | undefined
  readonly port?: number | undefined
}

/** Kubernetes says of a missing name that the namespace is missing, and the other way round. */
export function validateWebhookService(service: WebhookService, path: string): readonly FieldError[] {
  const port = service.port ?? 0
  return [
    ...(service.namespace ? [] : [required(`${path}.name`)]),
    ...(service.name ? [] : [required(`${path}.namespace`)]),
    ...portNumberProblems(port).map((problem) => invalid(`${path}.port`, port, `port is not valid: ${problem}`)),
    ...validateUrlPath(service.path, `${path}.path`),
  ]
}

function validateUrlPath(urlPath: string | undefined, field: string): readonly FieldError[] {
  if (urlPath === undefined || urlPath === '' || urlPath === '/') return []
  if (urlPath === '//') return [invalid(field, urlPath, 'segment[0] may not be empty')]
  const steps = urlPath.slice(1).replace(/\/$/, '').split('/')
  return [
    ...(urlPath.startsWith('/') ? [] : [invalid(field, urlPath, "must start with a '/'")]),
    ...steps.flatMap((step, index) =>
      step === '' ? [invalid(field, urlPath, `segment[${index}] may not be empty`)] : objections(field, urlPath, dns1123SubdomainProblems(step).map((problem) => `segment[${index}]: ${problem}`)),
    ),
  ]
}

export interface WebhookClient {
  readonly url?: string | undefined
  readonly service?: WebhookService | undefined
}

/** Exactly one of both. */
export function validateWebhookClient(client: WebhookClient, path: string): readonly FieldError[] {
  const { url, service } = client
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')]
  if (url !== undefined) return validateWebhookUrl(url, `${path}.url`)
  return service === undefined ? [] : validateWebhookService(service, `${path}.service`)
}
