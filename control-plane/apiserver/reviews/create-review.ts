/** The way in and out that all reviews have in common: a create that stores nothing and answers the body, filled in. */
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { withManagedFields } from '../core/managed.ts'
import { checkNamespace, inNamespace } from '../core/create.ts'
import { canonical, metaText, unstoredItem, withMeta } from '../core/stored.ts'
import { readBody } from '../handlers/bodies.ts'
import { renderingOf, writeOptions, type Handler, type HandlerContext } from '../handlers/context.ts'
import { objectAnswer } from '../representations/objects.ts'

/** Answers what the answer is, of a review as it came in. Throws an `ApiError`. */
export type Answer = (review: JsonObject, context: HandlerContext) => JsonObject | Promise<JsonObject>

export const reviewHandler =
  (answer: Answer): Handler =>
  async (context) => {
    const { parts, request, route } = context
    const { query, call } = writeOptions(context, 'CreateOptions')
    const { store, path } = route
    const read = readBody(request, { expected: store.definition, validation: query.fieldValidation, warn: call.warn })
    const review = store.definition.namespaced ? inNamespace(store, withMeta(read, {}), path.namespace) : withMeta(read, { namespace: undefined })
    checkNamespace(metaText(review, 'namespace'), path.namespace)
    const managed = withManagedFields(parts, call, { store, change: { live: undefined, changed: review, subresource: '' } })
    const answered = canonical(await answer(managed, context), store.definition.kind, store.apiVersion)
    return objectAnswer(201, unstoredItem('', answered, undefined), renderingOf(context))
  }

export const specOf = (review: JsonObject): JsonObject => (isJsonObject(review['spec']) ? review['spec'] : {})
