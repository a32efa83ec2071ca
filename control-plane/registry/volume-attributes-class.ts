import type { VolumeAttributesClass } from '../../shared/model/gen/api.ts'
import { volumeAttributesClassColumns, volumeAttributesClassRow } from './columns/storage.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewVolumeAttributesClass, validateVolumeAttributesClassChange } from './validation/storage-class.ts'

export const volumeAttributesClass = defineKind<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  shortNames: ['vac'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.VolumeAttributesClass',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewVolumeAttributesClass,
  validateUpdate: validateVolumeAttributesClassChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: volumeAttributesClassColumns,
  row: volumeAttributesClassRow,
})
