import { type FieldError, invalid, notFound, required } from '../../../shared/model/field-error.ts'
import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, Volume } from '../../../shared/model/gen/api.ts'
import { configKeyProblems, dns1123SubdomainProblems, envNameProblems } from '../../../shared/model/validation/names.ts'
import { dnsLabel, each, noBacksteps, objections } from './check.ts'
import { envFields, validateFieldRef, validateResourceFieldRef } from './field-ref.ts'

export const validateEnv = (variables: readonly EnvVar[] | undefined, path: string): readonly FieldError[] =>
  each(variables, path, (variable, at) => [
    ...(variable.name ? objections(`${at}.name`, variable.name, envNameProblems(variable.name)) : [required(`${at}.name`)]),
    ...(variable.valueFrom ? validateValueFrom(variable.valueFrom, variable.value ?? '', `${at}.valueFrom`) : []),
  ])

const MORE_THAN_ONE = 'may not have more than one field specified at a time'

function validateValueFrom(source: EnvVarSource, value: string, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (source.fieldRef) errors.push(...validateFieldRef(source.fieldRef, `${path}.fieldRef`, envFields))
  if (source.resourceFieldRef) errors.push(...validateResourceFieldRef(source.resourceFieldRef, `${path}.resourceFieldRef`, false))
  if (source.configMapKeyRef) errors.push(...validateKeyRef(source.configMapKeyRef, `${path}.configMapKeyRef`))
  if (source.secretKeyRef) errors.push(...validateKeyRef(source.secretKeyRef, `${path}.secretKeyRef`))
  if (source.fileKeyRef) errors.push(...validateFileKeyRef(source.fileKeyRef, `${path}.fileKeyRef`))
  const sources = [source.fieldRef, source.resourceFieldRef, source.configMapKeyRef, source.secretKeyRef, source.fileKeyRef].filter((one) => one !== undefined).length
  if (sources === 0) errors.push(invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'))
  else if (value !== '') errors.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (sources > 1) errors.push(invalid(path, '', MORE_THAN_ONE))
  return errors
}

interface KeyRef {
  readonly name?: string | undefined
  readonly key: string
}

const validateKeyRef = ({ name = '', key }: KeyRef, path: string): readonly FieldError[] => [
  ...objections(`${path}.name`, name, dns1123SubdomainProblems(name)),
  ...(key ? objections(`${path}.key`, key, configKeyProblems(key)) : [required(`${path}.key`)]),
]

const validateFileKeyRef = ({ volumeName, path: file, key }: FileKeySelector, path: string): readonly FieldError[] => [
  ...(key ? objections(`${path}.key`, key, envNameProblems(key)) : [required(`${path}.key`)]),
  ...(volumeName ? dnsLabel(`${path}.volumeName`, volumeName) : [required(`${path}.volumeName`)]),
  ...(file ? noBacksteps(`${path}.path`, file) : [required(`${path}.path`)]),
]

/** A file that variables are read from lies in an `emptyDir` of the pod. */
export const validateEnvFiles = (variables: readonly EnvVar[] | undefined, volumes: ReadonlyMap<string, Volume>, path: string): readonly FieldError[] =>
  each(variables, path, (variable, at) => {
    const ref = variable.valueFrom?.fileKeyRef
    if (!ref) return []
    const field = `${at}.valueFrom.fileKeyRef.volumeName`
    const volume = volumes.get(ref.volumeName ?? '')
    if (!volume) return [notFound(field, ref.volumeName ?? '')]
    return volume.emptyDir ? [] : [invalid(field, ref.volumeName, 'referenced volume must be of type emptyDir')]
  })

export const validateEnvFrom = (sources: readonly EnvFromSource[] | undefined, path: string): readonly FieldError[] =>
  each(sources, path, (source, at) => {
    const errors: FieldError[] = source.prefix ? [...objections(`${at}.prefix`, source.prefix, envNameProblems(source.prefix))] : []
    const { configMapRef, secretRef } = source
    if (configMapRef) errors.push(...validateReferenceName(configMapRef.name, `${at}.configMapRef.name`))
    if (secretRef) errors.push(...validateReferenceName(secretRef.name, `${at}.secretRef.name`))
    if (!configMapRef && !secretRef) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    else if (configMapRef && secretRef) errors.push(invalid(path, '', MORE_THAN_ONE))
    return errors
  })

const validateReferenceName = (name: string | undefined, field: string): readonly FieldError[] => (name ? objections(field, name, dns1123SubdomainProblems(name)) : [required(field)])
