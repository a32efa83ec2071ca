import type { CustomResourceDefinitionNames } from '../../../../shared/model/gen/api.ts'
import { type FieldError, invalid, required } from '../../../../shared/model/field-error.ts'
import { dns1035LabelProblems } from '../../../../shared/model/validation/names.ts'

/** What a definition must name. */
export function validateRequiredNames({ plural, singular, kind, listKind }: Partial<CustomResourceDefinitionNames>, path: string): readonly FieldError[] {
  return Object.entries({ plural, singular, kind, listKind }).flatMap(([name, value]) => (value ? [] : [required(`${path}.${name}`)]))
}

function label(path: string, value: string | undefined, mixedCase = false): readonly FieldError[] {
  if (!value) return []
  const problems = dns1035LabelProblems(mixedCase ? value.toLowerCase() : value)
  if (problems.length === 0) return []
  return [invalid(path, value, `${mixedCase ? 'may have mixed case, but should otherwise match: ' : ''}${problems.join(',')}`)]
}

/** What names may look like. */
export function validateNames(names: Partial<CustomResourceDefinitionNames>, path: string): readonly FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names
  const each = (list: readonly string[], name: string): readonly FieldError[] =>
    list.flatMap((value, index) => {
      const problems = dns1035LabelProblems(value)
      return problems.length === 0 ? [] : [invalid(`${path}.${name}[${index}]`, value, problems.join(','))]
    })
  return [
    ...label(`${path}.plural`, plural),
    ...label(`${path}.singular`, singular),
    ...label(`${path}.kind`, kind, true),
    ...label(`${path}.listKind`, listKind, true),
    ...each(shortNames, 'shortNames'),
    ...(kind && kind === listKind ? [invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')] : []),
    ...each(categories, 'categories'),
  ]
}
