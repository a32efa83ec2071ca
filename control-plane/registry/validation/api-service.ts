import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { APIService, APIServiceSpec, APIServiceStatus } from '../../../shared/model/gen/api.ts'
import { base64Length } from '../../../shared/model/base64.ts'
import { dns1035LabelProblems, pathSegmentProblems } from '../../../shared/model/validation/names.ts'
import { portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import { dnsSubdomain, each, objections } from './check.ts'

const MAX_GROUP_PRIORITY = 20_000
const MAX_VERSION_PRIORITY = 1000

export function validateApiService({ metadata, spec }: APIService): readonly FieldError[] {
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {}
  return [
    ...validateName(metadata.name ?? '', `${version}.${group}`),
    ...(group === '' && version !== 'v1' ? [required('spec.group', 'only v1 may have an empty group and it better be legacy kube')] : []),
    ...(group === '' ? [] : dnsSubdomain('spec.group', group)),
    ...objections('spec.version', version, dns1035LabelProblems(version)),
    ...within('spec.groupPriorityMinimum', groupPriorityMinimum, MAX_GROUP_PRIORITY),
    ...within('spec.versionPriority', versionPriority, MAX_VERSION_PRIORITY),
    ...(spec?.service ? validateServed(spec, spec.service) : validateLocal(spec)),
  ]
}

const within = (field: string, value: number, max: number): readonly FieldError[] => (value <= 0 || value > max ? [invalid(field, value, `must be positive and less than ${max}`)] : [])

/** The name says what is served; what is no name at all is said elsewhere. */
function validateName(name: string, wanted: string): readonly FieldError[] {
  if (name === '' || name === wanted || pathSegmentProblems(name).length > 0) return []
  return [invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)]
}

function validateLocal({ caBundle = '', insecureSkipTLSVerify = false }: Partial<APIServiceSpec> = {}): readonly FieldError[] {
  return [
    ...(caBundle === '' ? [] : [invalid('spec.caBundle', `${base64Length(caBundle)} bytes`, 'local APIServices may not have a caBundle')]),
    ...(insecureSkipTLSVerify ? [invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify')] : []),
  ]
}

function validateServed({ caBundle = '', insecureSkipTLSVerify = false }: APIServiceSpec, { name, namespace, port = 0 }: NonNullable<APIServiceSpec['service']>): readonly FieldError[] {
  return [
    ...(namespace ? [] : [required('spec.service.namespace')]),
    ...(name ? [] : [required('spec.service.name')]),
    ...portNumberProblems(port).map((problem) => invalid('spec.service.port', port, `port is not valid: ${problem}`)),
    ...(insecureSkipTLSVerify && caBundle !== '' ? [invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')] : []),
  ]
}

const STATUSES = ['True', 'False', 'Unknown']

export const validateApiServiceStatus = (status: APIServiceStatus = {}): readonly FieldError[] =>
  each(status.conditions, 'status.conditions', (condition, at) => (STATUSES.includes(condition.status) ? [] : [notSupported(`${at}.status`, condition.status, STATUSES)]))
