import { apply } from '../core/apply.ts'
import { parseConfiguration, strictDuplicates } from '../field-manager/apply.ts'
import { objectAnswer } from '../representations/objects.ts'
import { refusal } from './bodies.ts'
import { atOf, renderingOf, writeOptions, type Handler } from './context.ts'

/** A patch of type `application/apply-patch+yaml`. */
export const applyHandler: Handler = async (context) => {
  const { parts, request, route } = context
  const { query, call } = writeOptions(context, 'PatchOptions', true)
  const parsed = parseConfiguration(new TextDecoder().decode(request.body))
  if (parsed.kind === 'refused') throw refusal(parsed)
  const strict = parsed.duplicates.length > 0 && query.fieldValidation === 'Strict'
  const asked = strict ? { ...call, dryRun: true } : call
  const { item, created } = await apply(parts, asked, { store: route.store, at: atOf(context), subresource: route.subresource?.name ?? '', config: parsed.config, force: query.force })
  if (strict) throw refusal(strictDuplicates(parsed.duplicates))
  if (query.fieldValidation === 'Warn') for (const duplicate of parsed.duplicates) call.warn(duplicate)
  return objectAnswer(created ? 201 : 200, item, renderingOf(context))
}
