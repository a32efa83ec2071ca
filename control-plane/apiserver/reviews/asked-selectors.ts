/** The selectors of a question about access: what of them narrows what is asked, and what is said of the rest. PURE. */
import { parseFieldSelector } from '../../../shared/model/field-selector.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { parseLabelSelector } from '../../../shared/model/selectors.ts'

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values: readonly string[]
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

function requirementsOf(selector: JsonObject): readonly Requirement[] {
  const listed = Array.isArray(selector['requirements']) ? (selector['requirements'] as readonly Json[]) : []
  return listed.filter(isJsonObject).map(({ key, operator, values }) => ({ key: textOf(key), operator: textOf(operator), values: Array.isArray(values) ? values.map(textOf) : [] }))
}

/** A field selector as a query has it; requirements that are more than equality do not make a request narrower here. */
export function fieldSelectorText(selector: Json | undefined): string {
  if (!isJsonObject(selector)) return ''
  const equal = requirementsOf(selector).flatMap(({ key, operator, values }) => (operator === 'In' && values.length === 1 ? [`${key}=${values[0] ?? ''}`] : []))
  return textOf(selector['rawSelector']) || equal.join(',')
}

const kinds = [
  { member: 'fieldSelector', parse: parseFieldSelector, isRead: ({ operator, values }: Requirement) => ['In', 'NotIn'].includes(operator) && values.length === 1 },
  { member: 'labelSelector', parse: parseLabelSelector, isRead: ({ operator }: Requirement) => ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator) },
] as const

/** What could not be read, as the answer tells it; empty: nothing. Whatever cannot be read does not narrow the question. */
export function ignoredSelectors(resource: Json | undefined): string {
  if (!isJsonObject(resource)) return ''
  return kinds
    .flatMap(({ member, parse, isRead }) => {
      const selector = resource[member]
      if (!isJsonObject(selector)) return []
      const requirements = requirementsOf(selector)
      const read = requirements.filter(isRead)
      const isWhole = requirements.length > 0 ? read.length === requirements.length : parse(textOf(selector['rawSelector'])).kind === 'selector'
      return isWhole ? [] : [`spec.resourceAttributes.${member} ${read.length > 0 ? 'partially ignored' : 'ignored'} due to parse error`]
    })
    .join('; ')
}
