import { apply } from '../core/apply.ts'
import type { Call } from '../core/call.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { parseConfiguration, strictDuplicates } from '../field-manager/apply.ts'
import type { WriteQuery } from '../options/write-options.ts'
import { objectAnswer } from '../representations/objects.ts'
import { refusal } from './bodies.ts'
import { atOf, renderingOf, writeOptions, type Handler, type HandlerContext } from './context.ts'

/** A patch of type `application/apply-patch+yaml`. */
export const applyHandler: Handler = async (context) => {
  const { parts, route } = context
  const { config, query, call, finish } = readConfiguration(context)
  const { item, created } = await apply(parts, call, { store: route.store, at: atOf(context), subresource: route.subresource?.name ?? '', config, force: query.force })
  finish()
  return objectAnswer(created ? 201 : 200, item, renderingOf(context))
}

export interface Configuration {
  readonly config: JsonObject
  readonly query: WriteQuery
  readonly call: Call
  /** To be called after the apply: what is wrong with the body's text is told only when nothing else is. */
  finish(): void
}

/** The body of an apply. With strict validation a body that repeats keys is tried without being written. */
export function readConfiguration(context: HandlerContext): Configuration {
  const { query, call } = writeOptions(context, 'PatchOptions', true)
  const parsed = parseConfiguration(new TextDecoder().decode(context.request.body))
  if (parsed.kind === 'refused') throw refusal(parsed)
  const strict = parsed.duplicates.length > 0 && query.fieldValidation === 'Strict'
  return {
    config: parsed.config,
    query,
    call: strict ? { ...call, dryRun: true } : call,
    finish() {
      if (strict) throw refusal(strictDuplicates(parsed.duplicates))
      if (query.fieldValidation === 'Warn') for (const duplicate of parsed.duplicates) call.warn(duplicate)
    },
  }
}
