import { patch } from '../core/patch.ts'
import { objectAnswer } from '../representations/objects.ts'
import type { PatchType } from '../../client/port.ts'
import { unsupportedMediaType, unsupportedPatchType } from '../status.ts'
import { readPatch } from '../core/patching.ts'
import { applyHandler } from './apply.ts'
import { atOf, renderingOf, writeOptions, type Handler, type HandlerContext } from './context.ts'

const TYPES: Readonly<Record<string, PatchType | 'apply'>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/** Throws a 415. */
export function patchTypeOf({ request, route }: Pick<HandlerContext, 'request' | 'route'>): PatchType | 'apply' {
  const type = TYPES[(request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '']
  const { custom } = route.store.definition
  // Custom resources have no merge keys that a strategic merge could go by.
  if (custom && (!type || type === 'strategic')) throw unsupportedMediaType(Object.keys(TYPES).filter((name) => TYPES[name] !== 'strategic'))
  if (!type) throw unsupportedPatchType()
  return type
}

export const patchHandler: Handler = async (context) => {
  const { parts, request, route } = context
  const type = patchTypeOf(context)
  if (type === 'apply') return applyHandler(context)
  const { query, call } = writeOptions(context, 'PatchOptions')
  const { store, subresource } = route
  const at = atOf(context)
  const { item } = await patch(parts, call, { store, at, subresource: subresource?.name ?? '', type, read: () => readPatch(type, request.body, query.fieldValidation), validation: query.fieldValidation })
  return objectAnswer(200, item, renderingOf(context))
}
