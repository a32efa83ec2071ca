import type { Container, LabelSelector } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'

/** Descriptions of the columns are part of the API's answers and stand here as Kubernetes serves them. */

const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names'

export const CREATION_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata'

export const column = (name: string, description: string): TableColumn => ({ name, type: 'string', description, priority: 0 })
export const wideColumn = (name: string, description: string): TableColumn => ({ name, type: 'string', description, priority: 1 })
export const integerColumn = (name: string, description: string): TableColumn => ({ name, type: 'integer', description, priority: 0 })

export const nameColumn: TableColumn = { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, priority: 0 }
export const ageColumn = column('Age', CREATION_DESCRIPTION)

export const containersColumn = wideColumn('Containers', 'Names of each container in the template.')
export const imagesColumn = wideColumn('Images', 'Images referenced by each container in the template.')

/** Names and images of containers, as two cells. */
export function containerCells(containers: readonly Container[] | undefined): readonly [names: string, images: string] {
  const all = containers ?? []
  return [all.map((one) => one.name).join(','), all.map((one) => one.image ?? '').join(',')]
}

/** `a=1,b=2` in key order; `<none>` for no labels. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {})
  if (entries.length === 0) return '<none>'
  return entries
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')
}

interface Requirement {
  readonly key: string
  readonly text: string
}

/** A label selector in the syntax of `-l`; `<none>` if it selects everything or nothing, `<error>` if it cannot be read. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  if (!selector) return '<none>'
  const equalities: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }))
  const expressions: Requirement[] = []
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const listed = [...(values ?? [])].sort().join(',')
    if (operator === 'In') expressions.push({ key, text: `${key} in (${listed})` })
    else if (operator === 'NotIn') expressions.push({ key, text: `${key} notin (${listed})` })
    else if (operator === 'Exists') expressions.push({ key, text: key })
    else if (operator === 'DoesNotExist') expressions.push({ key, text: `!${key}` })
    else return '<error>'
  }
  const all = [...equalities, ...expressions].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return all.length === 0 ? '<none>' : all.map((one) => one.text).join(',')
}
