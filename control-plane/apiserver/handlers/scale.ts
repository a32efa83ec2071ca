import { get } from '../core/get.ts'
import { patched, readPatch } from '../core/patching.ts'
import { scaleKind, scaleOf, withScale, type ScalePaths } from '../core/scale.ts'
import { metadataOf, metaText } from '../core/stored.ts'
import { update } from '../core/update.ts'
import { invalid as invalidField } from '../../../shared/model/field-error.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { body } from '../representations/write.ts'
import { badRequest, invalid, unsupportedPatchType } from '../status.ts'
import { readBody } from './bodies.ts'
import { atOf, readCall, writeOptions, type Handler, type HandlerContext } from './context.ts'
import { patchTypeOf } from './patch.ts'

export const scaleHandler: Handler = async (context) => {
  const paths = context.route.subresource?.behaviour as ScalePaths
  switch (context.route.verb) {
    case 'get': {
      const item = await get(context.parts, readCall(context), { store: context.route.store, at: atOf(context) })
      return answer(context, scaleOf(item.object, paths))
    }
    case 'update':
      return replaceScale(context, paths)
    default:
      return patchScale(context, paths)
  }
}

const answer = (context: HandlerContext, scale: JsonObject): ReturnType<typeof body> => body(200, { kind: 'value', value: scale }, context.representation)

async function replaceScale(context: HandlerContext, paths: ScalePaths): Promise<ReturnType<typeof body>> {
  const { query, call } = writeOptions(context, 'UpdateOptions')
  const scale = readBody(context.request, { expected: scaleKind, validation: query.fieldValidation, warn: call.warn })
  checkScale(scale, context)
  const { item } = await update(context.parts, call, { store: context.route.store, at: atOf(context), subresource: 'scale', change: (existing) => withScale(existing, scale, paths) })
  return answer(context, scaleOf(item.object, paths))
}

async function patchScale(context: HandlerContext, paths: ScalePaths): Promise<ReturnType<typeof body>> {
  const type = patchTypeOf(context.request.headers['content-type'])
  const { query, call } = writeOptions(context, 'PatchOptions', type === 'apply')
  if (type === 'apply') throw unsupportedPatchType()
  const patching = { expected: scaleKind, type, patch: readPatch(type, context.request.body), validation: query.fieldValidation, warn: call.warn }
  const change = (existing: JsonObject): JsonObject => {
    const scale = patched(scaleOf(existing, paths), patching)
    checkScale(scale, context)
    return withScale(existing, scale, paths)
  }
  const { item } = await update(context.parts, call, { store: context.route.store, at: atOf(context), subresource: 'scale', change })
  return answer(context, scaleOf(item.object, paths))
}

function checkScale(scale: JsonObject, { route }: HandlerContext): void {
  const name = metaText(scale, 'name')
  if (name !== '' && name !== route.path.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${route.path.name})`)
  const { spec } = scale
  const replicas = isJsonObject(spec) ? spec['replicas'] : undefined
  if (typeof replicas === 'number' && replicas < 0) {
    throw invalid({ group: 'autoscaling', name: 'Scale' }, String(metadataOf(scale)['name'] ?? ''), [invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')])
  }
}
