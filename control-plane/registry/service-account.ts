import type { ServiceAccount } from '../../shared/model/gen/api.ts'
import { serviceAccountColumns, serviceAccountRow } from './columns/config.ts'
import { defineKind, nothingToValidate, storedVerbs, unchanged } from './typed-kind.ts'

/** Only the names of the secrets an account lists are kept. */
function cleanSecrets(account: ServiceAccount): ServiceAccount {
  return account.secrets ? { ...account, secrets: account.secrets.map(({ name }) => (name ? { name } : {})) } : account
}

export const serviceAccount = defineKind<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ServiceAccount',
  verbs: storedVerbs,
  subresources: [{ name: 'token', verbs: ['create'], kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', behaviour: { kind: 'special' } }],
  defaults: unchanged,
  prepareForCreate: cleanSecrets,
  prepareForUpdate: cleanSecrets,
  validateCreate: nothingToValidate,
  validateUpdate: nothingToValidate,
  warnings: enforcementWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: serviceAccountColumns,
  row: serviceAccountRow,
})

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets'

/** Told to whoever sets it, not again at each later change. */
function enforcementWarnings({ metadata }: ServiceAccount, old: ServiceAccount | undefined): readonly string[] {
  return metadata.annotations?.[ENFORCE] === undefined || old?.metadata.annotations?.[ENFORCE] !== undefined ? [] : [`metadata.annotations[${ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`]
}
