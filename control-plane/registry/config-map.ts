import type { ConfigMap } from '../../shared/model/gen/api.ts'
import { configMapColumns, configMapRow } from './columns/config.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateConfigMapChange, validateNewConfigMap } from './validation/config-map.ts'

export const configMap = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ConfigMap',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewConfigMap,
  validateUpdate: validateConfigMapChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: configMapColumns,
  row: configMapRow,
})
