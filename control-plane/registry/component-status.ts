import type { ComponentStatus } from '../../shared/model/gen/api.ts'
import { column, nameColumn } from './columns/columns.ts'
import { defineKind, neverStored } from './typed-kind.ts'

/** How the parts of the control plane are: asked, never stored, and deprecated for long. What it answers is code in `apiserver/reviews`. */
export const componentStatus = defineKind<ComponentStatus>({
  ...neverStored,
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.ComponentStatus',
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  verbs: ['get', 'list'],
  columns: [nameColumn, column('Status', 'Status of the component conditions'), column('Message', 'Message of the component conditions'), column('Error', 'Error of the component conditions')],
  row: componentRow,
})

function componentRow({ metadata, conditions }: ComponentStatus): readonly string[] {
  const healthy = conditions?.find(({ type }) => type === 'Healthy')
  const word = healthy?.status === 'True' ? 'Healthy' : healthy?.status === 'False' ? 'Unhealthy' : 'Unknown'
  return [metadata.name ?? '', word, healthy?.message ?? '', healthy?.error ?? '']
}
