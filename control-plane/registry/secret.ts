import type { Secret } from '../../shared/model/gen/api.ts'
import { secretColumns, secretRow } from './columns/config.ts'
import { defaultSecret } from './defaults/config.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewSecret, validateSecretChange } from './validation/secret.ts'
import { secretWarnings } from './warnings/secret.ts'

export const secret = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Secret',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultSecret,
  prepareForCreate: unchanged,
  // Without a type an update means the one it has.
  prepareForUpdate: unchanged,
  validateCreate: validateNewSecret,
  validateUpdate: validateSecretChange,
  warnings: secretWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  selectableFields: (object) => ({ type: object.type ?? '' }),
  columns: secretColumns,
  row: secretRow,
})
