import { get } from '../core/get.ts'
import { appliedScale } from '../core/apply.ts'
import { patched, readPatch } from '../core/patching.ts'
import { hasReplicas, scaleKind, scaleOf, withScale, type ScalePaths } from '../core/scale.ts'
import { metaText, withMeta } from '../core/stored.ts'
import { metaOf } from '../core/strategy.ts'
import { checkIdentity, update } from '../core/update.ts'
import { type FieldError, invalid as invalidField } from '../../../shared/model/field-error.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { validateObjectMeta } from '../../../shared/model/validation/object-meta.ts'
import { scaleAnswer } from '../representations/objects.ts'
import type { ApiResponse } from '../request.ts'
import { conflict, internalError, invalid } from '../status.ts'
import { readConfiguration } from './apply.ts'
import { readBody } from './bodies.ts'
import { atOf, readCall, renderingOf, writeOptions, type Handler, type HandlerContext } from './context.ts'
import { patchTypeOf } from './patch.ts'

export const scaleHandler: Handler = async (context) => {
  const paths = context.route.subresource?.behaviour as ScalePaths
  switch (context.route.verb) {
    case 'get': {
      const item = await get(context.parts, readCall(context), { store: context.route.store, at: atOf(context) })
      if (context.route.store.definition.custom && !hasReplicas(item.object, paths)) throw internalError(`the spec replicas field ${JSON.stringify(paths.specPath)} does not exist`)
      return answer(context, scaleOf(item.object, paths))
    }
    case 'update':
      return replaceScale(context, paths)
    default:
      return patchTypeOf(context) === 'apply' ? applyScale(context, paths) : patchScale(context, paths)
  }
}

const answer = (context: HandlerContext, scale: JsonObject): ApiResponse => scaleAnswer(scale, renderingOf(context))

async function replaceScale(context: HandlerContext, paths: ScalePaths): Promise<ApiResponse> {
  const { query, call } = writeOptions(context, 'UpdateOptions')
  const scale = readBody(context.request, { expected: scaleKind, validation: query.fieldValidation, warn: call.warn })
  checkIdentity(scale, atOf(context))
  const change = (existing: JsonObject): JsonObject => scaled(existing, scale, { context, paths })
  const { item } = await update(context.parts, call, { store: context.route.store, at: atOf(context), subresource: 'scale', change, uid: metaText(scale, 'uid') })
  return answer(context, scaleOf(item.object, paths))
}

async function patchScale(context: HandlerContext, paths: ScalePaths): Promise<ApiResponse> {
  const type = patchTypeOf(context)
  if (type === 'apply') throw new Error('an apply is no patch of this kind')
  const { query, call } = writeOptions(context, 'PatchOptions')
  const patching = { expected: scaleKind, type, read: () => readPatch(type, context.request.body, query.fieldValidation), validation: query.fieldValidation, warn: call.warn }
  const change = (existing: JsonObject): JsonObject => {
    const scale = patched(scaleOf(existing, paths), patching)
    checkIdentity(scale, atOf(context))
    return scaled(existing, scale, { context, paths })
  }
  const { item } = await update(context.parts, call, { store: context.route.store, at: atOf(context), subresource: 'scale', change })
  return answer(context, scaleOf(item.object, paths))
}

async function applyScale(context: HandlerContext, paths: ScalePaths): Promise<ApiResponse> {
  const { config, query, call, finish } = readConfiguration(context)
  const change = (existing: JsonObject): JsonObject => {
    const { scale, managedFields } = appliedScale(context.parts, call, { store: context.route.store, existing, paths, config, force: query.force })
    checkIdentity(scale, atOf(context))
    return withMeta(scaled(existing, scale, { context, paths }), { managedFields })
  }
  const { item } = await update(context.parts, call, { store: context.route.store, at: atOf(context), subresource: 'scale', change, managed: true })
  finish()
  return answer(context, scaleOf(item.object, paths))
}

/** What is wrong with the Scale of a built-in kind, its metadata too, though nothing of that is kept. */
function mistakes(scale: JsonObject, namespace: string): readonly FieldError[] {
  const replicas = isJsonObject(scale['spec']) ? scale['spec']['replicas'] : undefined
  const errors = validateObjectMeta({ ...metaOf(scale), namespace }, { namespaced: true, nameRule: 'dns-subdomain' })
  return typeof replicas === 'number' && replicas < 0 ? [...errors, invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')] : errors
}

/** The object with what a Scale says. Throws a 409 or a 422. */
function scaled(existing: JsonObject, scale: JsonObject, { context, paths }: { readonly context: HandlerContext; readonly paths: ScalePaths }): JsonObject {
  const { name, namespace } = context.route.path
  const errors = context.route.store.definition.custom ? [] : mistakes(scale, namespace)
  if (errors.length > 0) throw invalid({ group: 'autoscaling', name: 'Scale' }, name, errors)
  const [wanted, has] = [metaText(scale, 'uid'), metaText(existing, 'uid')]
  const { group, name: plural } = context.route.store.resource
  if (wanted !== '' && wanted !== has) throw conflict({ group, name: `${plural}/scale` }, name, `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${has}`)
  return withScale(existing, scale, paths)
}
