import type { DeviceClass } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { deviceColumns, deviceRow } from './columns/device.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateDeviceClass } from './validation/device-class.ts'

export const deviceClass = defineKind<DeviceClass>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  singular: 'deviceclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.resource.v1.DeviceClass',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateDeviceClass,
  validateUpdate: validateDeviceClass,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: deviceColumns,
  row: deviceRow,
})
