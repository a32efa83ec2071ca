import { meetsRequirements, parseLabelSelector } from '../../shared/model/selectors.ts'
import { Problem } from '../program/problem.ts'

/** Whether labels are what a selector's text takes. @throws Problem when it cannot be read */
export function labelMatcher(selector: string): (labels: Readonly<Record<string, string>>) => boolean {
  const parsed = parseLabelSelector(selector)
  if (parsed.kind === 'refused') throw new Problem(`unable to parse selector "${selector}": ${parsed.message}`)
  return (labels) => meetsRequirements(parsed.requirements, labels)
}
