import type { VolumeAttachment } from '../../shared/model/gen/api.ts'
import { volumeAttachmentColumns, volumeAttachmentRow } from './columns/storage.ts'
import { defaultVolumeSpec } from './defaults/persistent-volume.ts'
import { mapMember } from './defaults/fill.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepAllButStatus } from './updates/keep.ts'
import { validateNewVolumeAttachment, validateVolumeAttachmentChange } from './validation/volume-attachment.ts'

export const volumeAttachment = defineKind<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  singular: 'volumeattachment',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.VolumeAttachment',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: (object) => mapMember(object, 'spec', (spec) => mapMember(spec, 'source', (source) => mapMember(source, 'inlineVolumeSpec', defaultVolumeSpec))),
  prepareForCreate: (object) => ({ ...object, status: { attached: false } }),
  prepareForUpdate: (object, old, { subresource }) => keepAllButStatus(object, old, subresource),
  validateCreate: validateNewVolumeAttachment,
  validateUpdate: validateVolumeAttachmentChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: volumeAttachmentColumns,
  row: volumeAttachmentRow,
})
