import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, ServiceAccountTokenProjection, VolumeProjection } from '../../../shared/model/gen/api.ts'
import { each, fileMode, nonReservedPath, requiredText } from './check.ts'
import { fileFields, validateFieldRef, validateResourceFieldRef } from './field-ref.ts'

const TOKEN_MIN_SECONDS = 600
const TOKEN_MAX_SECONDS = 2 ** 32

const validateItem = ({ key, path: file, mode }: KeyToPath, path: string): readonly FieldError[] => [
  ...requiredText(`${path}.key`, key),
  ...requiredText(`${path}.path`, file),
  ...nonReservedPath(`${path}.path`, file ?? ''),
  ...fileMode(`${path}.mode`, mode),
]

export interface KeyedSource {
  readonly defaultMode?: number | undefined
  readonly items?: readonly KeyToPath[] | undefined
}

/** A volume of a ConfigMap or a Secret. */
export const validateKeyedVolume = (source: KeyedSource, path: string, name: { readonly field: string; readonly value: string | undefined }): readonly FieldError[] => [
  ...requiredText(`${path}.${name.field}`, name.value),
  ...fileMode(`${path}.defaultMode`, source.defaultMode),
  ...each(source.items, `${path}.items`, validateItem),
]

export function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): readonly FieldError[] {
  const { fieldRef, resourceFieldRef } = file
  const errors: FieldError[] = [...requiredText(`${path}.path`, file.path), ...nonReservedPath(`${path}.path`, file.path ?? '')]
  if (fieldRef) {
    errors.push(...validateFieldRef(fieldRef, `${path}.fieldRef`, fileFields))
    if (resourceFieldRef) errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
  } else if (resourceFieldRef) errors.push(...validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, true))
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
  return [...errors, ...fileMode(`${path}.mode`, file.mode)]
}

/** Several sources in one folder: no path twice. */
export function validateProjectedVolume(volume: ProjectedVolumeSource, path: string): readonly FieldError[] {
  const taken = new Set<string>()
  const claim = (file: string | undefined, shown: string): readonly FieldError[] => {
    if (!file) return []
    if (taken.has(file)) return [invalid(path, shown, 'conflicting duplicate paths')]
    taken.add(file)
    return []
  }
  return [...fileMode(`${path}.defaultMode`, volume.defaultMode), ...each(volume.sources, `${path}.sources`, (source, at) => validateProjection(source, { at, path, claim }))]
}

interface ProjectionPlace {
  readonly at: string
  readonly path: string
  readonly claim: (file: string | undefined, shown: string) => readonly FieldError[]
}

function validateProjection(source: VolumeProjection, { at, path, claim }: ProjectionPlace): readonly FieldError[] {
  const errors: FieldError[] = []
  for (const kind of ['secret', 'configMap'] as const) {
    const keyed = source[kind]
    if (!keyed) continue
    errors.push(...requiredText(`${at}.${kind}.name`, keyed.name), ...each(keyed.items, `${at}.${kind}.items`, (item, itemAt) => [...validateItem(item, itemAt), ...claim(item.path, keyed.name ?? '')]))
  }
  for (const file of source.downwardAPI?.items ?? []) errors.push(...validateDownwardFile(file, `${at}.downwardAPI`), ...claim(file.path, file.path))
  const { serviceAccountToken: token, clusterTrustBundle: bundle } = source
  // A token's path is not held against others.
  if (token) errors.push(...validateToken(token, at, path))
  if (bundle) errors.push(...requiredText(`${at}.clusterTrustBundle.path`, bundle.path), ...nonReservedPath(`${at}.clusterTrustBundle.path`, bundle.path ?? ''), ...claim(bundle.path, bundle.path))
  const sources = [source.secret, source.configMap, source.downwardAPI, token, bundle, source.podCertificate].filter((one) => one !== undefined).length
  if (sources > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'))
  return errors
}

/** @param path of the volume: Kubernetes names the token's path there. */
function validateToken({ expirationSeconds = 0, path: file }: ServiceAccountTokenProjection, at: string, path: string): readonly FieldError[] {
  const field = `${at}.serviceAccountToken.expirationSeconds`
  const errors: FieldError[] = []
  if (expirationSeconds < TOKEN_MIN_SECONDS) errors.push(invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes'))
  if (expirationSeconds > TOKEN_MAX_SECONDS) errors.push(invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  return [...errors, ...(file ? nonReservedPath(`${path}.path`, file) : [required(`${path}.path`)])]
}
