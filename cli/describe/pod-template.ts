import type { PodTemplateSpec } from '../../shared/model/gen/api.ts'
import { describeContainers } from './containers.ts'
import { createPage, inOrder, type Page } from './page.ts'
import { describeVolumes } from './volumes.ts'

/** Lines of a template below `Pod Template:`, without it. */
export function templateLines(page: Page, template: PodTemplateSpec): void {
  labelLines(page, template.metadata?.labels)
  const annotations = inOrder(template.metadata?.annotations).map(([key, value]) => `${key}: ${value}`)
  if (annotations.length > 0) nested(page, 'Annotations', annotations)
  const { spec } = template
  if (spec?.serviceAccountName) page.line(1, `Service Account:\t${spec.serviceAccountName}`)
  if ((spec?.initContainers ?? []).length > 0) describeContainers(page, spec?.initContainers ?? [], { label: 'Init Containers', level: 1 })
  describeContainers(page, spec?.containers ?? [], { label: 'Containers', level: 1 })
  describeVolumes(page, spec?.volumes, 1)
  if (spec?.priorityClassName) page.line(1, `Priority Class Name:\t${spec.priorityClassName}`)
  nested(page, 'Node-Selectors', Object.entries(spec?.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`))
  nested(page, 'Tolerations', (spec?.tolerations ?? []).map(({ key = '', operator = 'Equal', value = '', effect = '' }) => `${key}${value ? `=${value}` : ''}${effect ? `:${effect}` : ''}${operator === 'Exists' ? ' op=Exists' : ''}`))
}

const labelLines = (page: Page, labels: Readonly<Record<string, string>> | undefined): void => nested(page, 'Labels', inOrder(labels).map(([key, value]) => `${key}=${value}`))

function nested(page: Page, label: string, texts: readonly string[]): void {
  page.line(1, `${label}:\t${texts[0] ?? '<none>'}`)
  for (const text of texts.slice(1)) page.line(1, `\t${text}`)
}

/** As `rollout history --revision` shows it. */
export function describeTemplate(template: PodTemplateSpec): string {
  const page = createPage()
  page.line(0, 'Pod Template:')
  templateLines(page, template)
  return page.text()
}
