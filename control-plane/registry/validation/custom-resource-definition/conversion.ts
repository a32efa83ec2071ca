import type { ApiextensionsV1ServiceReference, CustomResourceConversion } from '../../../../shared/model/gen/api.ts'
import { type FieldError, forbidden, invalid, required } from '../../../../shared/model/field-error.ts'
import { dns1035LabelProblems } from '../../../../shared/model/validation/names.ts'
import { bundleProblem } from '../certificate-text.ts'
import { requiredOneOf } from '../check.ts'

const PATH = 'spec.conversion'
const CLIENT = `${PATH}.webhookClientConfig`
const VERSIONS = `${PATH}.conversionReviewVersions`
/** Of ConversionReview, that Kubernetes can send. */
const KNOWN_VERSIONS = ['v1', 'v1beta1']

/** @param judgesBundle whether the client must be given certificates that can be read: not before definitions are established, nor where none could be read before. */
export function validateConversion(conversion: CustomResourceConversion | undefined, judgesBundle: boolean): readonly FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  const errors = requiredOneOf(`${PATH}.strategy`, strategy, ['None', 'Webhook'])
  const versions = webhook?.conversionReviewVersions ?? []
  if (strategy === 'Webhook') return [...errors, ...validateClient(webhook?.clientConfig), ...(judgesBundle ? bundleErrors(webhook?.clientConfig?.caBundle) : []), ...validateReviewVersions(versions)]
  const unwanted = 'should not be set when strategy is not set to Webhook'
  return [...errors, ...(webhook?.clientConfig ? [forbidden(CLIENT, unwanted)] : []), ...(versions.length > 0 ? [forbidden(VERSIONS, unwanted)] : [])]
}

type Client = NonNullable<NonNullable<CustomResourceConversion['webhook']>['clientConfig']>

function validateClient(client: Client | undefined): readonly FieldError[] {
  if (!client) return [required(CLIENT, 'required when strategy is set to Webhook')]
  const { url, service } = client
  if ((url === undefined) === (service === undefined)) return [required(CLIENT, 'exactly one of url or service is required')]
  return url === undefined ? (service ? validateService(service) : []) : validateUrl(`${CLIENT}.url`, url)
}

/** Of certificates in base64 of PEM. */
export function bundleErrors(bundle: string | undefined): readonly FieldError[] {
  const problem = bundleProblem(bundle)
  return problem === undefined ? [] : [invalid(`${CLIENT}.caBundle`, bundle, problem)]
}

const FORM = '; desired format: https://host[/path]'
const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/

function validateUrl(path: string, text: string): readonly FieldError[] {
  const [, scheme = '', authority = '', , query = '', fragment = ''] = URL_PARTS.exec(text) ?? []
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  return [
    ...(scheme.toLowerCase() === 'https' ? [] : [invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${FORM}`)]),
    ...(host === '' ? [invalid(path, host, `host must be specified${FORM}`)] : []),
    ...(at < 0 ? [] : [invalid(path, authority.slice(0, at), 'user information is not permitted in the URL')]),
    ...(fragment === '' ? [] : [invalid(path, fragment, 'fragments are not permitted in the URL')]),
    ...(query === '' ? [] : [invalid(path, query, 'query parameters are not permitted in the URL')]),
  ]
}

function validateService({ name, namespace, path, port }: ApiextensionsV1ServiceReference): readonly FieldError[] {
  const at = `${CLIENT}.service`
  return [
    ...(name ? [] : [required(`${at}.name`)]),
    // Kubernetes names the wrong field here.
    ...(namespace ? [] : [required(`${at}.name`)]),
    ...(port !== undefined && (port < 1 || port > 65535) ? [invalid(`${at}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive')] : []),
    ...(path === undefined ? [] : validatePath(`${at}.path`, path)),
  ]
}

function validatePath(at: string, path: string): readonly FieldError[] {
  if (path === '/' || path === '') return []
  if (path === '//') return [invalid(at, path, 'segment[0] may not be empty')]
  if (!path.startsWith('/')) return [invalid(at, path, "must start with a '/'")]
  const steps = path.slice(1).replace(/\/$/, '').split('/')
  return steps.flatMap((step, index) => (step === '' ? [invalid(at, path, `segment[${index}] may not be empty`)] : []))
}

function validateReviewVersions(versions: readonly string[]): readonly FieldError[] {
  if (versions.length === 0) return [required(VERSIONS)]
  const seen = new Set<string>()
  const errors = versions.flatMap((version, index) => {
    const at = `${VERSIONS}[${index}]`
    const found = seen.has(version) ? [invalid(at, version, 'duplicate version')] : dns1035LabelProblems(version).map((problem) => invalid(at, version, problem))
    seen.add(version)
    return found
  })
  return versions.some((version) => KNOWN_VERSIONS.includes(version)) ? errors : [...errors, invalid(VERSIONS, versions, `must include at least one of ${KNOWN_VERSIONS.join(', ')}`)]
}
