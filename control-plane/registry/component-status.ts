import type { ComponentStatus } from '../../shared/model/gen/api.ts'
import { column, nameColumn } from './columns/columns.ts'
import { defineKind, nothingToValidate, unchanged } from './typed-kind.ts'

/** How the parts of the control plane are: asked, never stored, and deprecated for long. What it answers is code in `apiserver/reviews`. */
export const componentStatus = defineKind<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  categories: [],
  namespaced: false,
  stored: false,
  schema: 'io.k8s.api.core.v1.ComponentStatus',
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  verbs: ['get', 'list'],
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: nothingToValidate,
  validateUpdate: nothingToValidate,
  nameRule: 'path-segment',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: [nameColumn, column('Status', 'Status of the component conditions'), column('Message', 'Message of the component conditions'), column('Error', 'Error of the component conditions')],
  row: componentRow,
})

function componentRow({ metadata, conditions }: ComponentStatus): readonly string[] {
  const healthy = conditions?.find(({ type }) => type === 'Healthy')
  const word = healthy?.status === 'True' ? 'Healthy' : healthy?.status === 'False' ? 'Unhealthy' : 'Unknown'
  return [metadata.name ?? '', word, healthy?.message ?? '', healthy?.error ?? '']
}
