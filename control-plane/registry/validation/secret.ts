import { base64Length, decodeBase64 } from '../../../shared/model/base64.ts'
import { type FieldError, forbidden, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import type { Secret } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { configKeyProblems } from '../../../shared/model/validation/names.ts'
import { objections, sortedEntries } from './check.ts'
import { DATA_MAX_BYTES, FROZEN } from './config-map.ts'
import { jsonObjectProblem } from './go-json.ts'

const ACCOUNT_NAME = 'kubernetes.io/service-account.name'

export function validateNewSecret(secret: Secret): readonly FieldError[] {
  const entries = sortedEntries(secret.data)
  const bytes = entries.reduce((sum, [, value]) => sum + base64Length(value), 0)
  return [
    ...entries.flatMap(([key]) => objections(`data[${key}]`, key, configKeyProblems(key))),
    ...(bytes > DATA_MAX_BYTES ? [tooLong('data', DATA_MAX_BYTES)] : []),
    ...validateType(secret),
  ]
}

/** What secrets of a known type must hold. */
function validateType({ type, data = {}, metadata }: Secret): readonly FieldError[] {
  const missing = (...keys: readonly string[]): readonly FieldError[] => keys.filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`))
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return metadata.annotations?.[ACCOUNT_NAME] ? [] : [required(`metadata.annotations[${ACCOUNT_NAME}]`)]
    case 'kubernetes.io/dockercfg':
      return validateJson(data, '.dockercfg')
    case 'kubernetes.io/dockerconfigjson':
      return validateJson(data, '.dockerconfigjson')
    case 'kubernetes.io/basic-auth':
      return data['username'] === undefined && data['password'] === undefined ? missing('username', 'password') : []
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')]
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key')
    default:
      return []
  }
}

function validateJson(data: Readonly<Record<string, string>>, key: string): readonly FieldError[] {
  const field = `data[${key}]`
  const encoded = data[key]
  if (encoded === undefined) return [required(field)]
  const problem = jsonObjectProblem(decodeBase64(encoded) ?? new Uint8Array())
  return problem === undefined ? [] : [invalid(field, '<secret contents redacted>', problem)]
}

export function validateSecretChange(secret: Secret, old: Secret): readonly FieldError[] {
  const errors: FieldError[] = (secret.type ?? '') === (old.type ?? '') ? [] : [invalid('type', secret.type ?? '', 'field is immutable')]
  if (old.immutable) {
    if (!secret.immutable) errors.push(forbidden('immutable', FROZEN))
    if (!deepEqual(secret.data ?? {}, old.data ?? {})) errors.push(forbidden('data', FROZEN))
  }
  return [...errors, ...validateNewSecret(secret)]
}
