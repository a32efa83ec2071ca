import type { CustomResourceConversion } from '../../../../shared/model/gen/api.ts'
import { type FieldError, forbidden, invalid, required } from '../../../../shared/model/field-error.ts'
import { dns1035LabelProblems } from '../../../../shared/model/validation/names.ts'
import { bundleProblem } from '../certificate-text.ts'
import { requiredOneOf } from '../check.ts'
import { validateWebhookClient } from '../webhook-client.ts'

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
  return validateWebhookClient(client, CLIENT)
}

/** Of certificates in base64 of PEM. */
export function bundleErrors(bundle: string | undefined): readonly FieldError[] {
  const problem = bundleProblem(bundle)
  return problem === undefined ? [] : [invalid(`${CLIENT}.caBundle`, bundle, problem)]
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
