/** Requests whose object is not of the kind that the resource stores: a Scale, an Eviction, the options of a connection. */
import { apiVersionOf, type ExpectedKind } from '../decode/kinds.ts'
import type { AdmissionRequest } from './plugin.ts'

/** The request with its object read, named and shown as one of the kind. */
export function ofKind(request: AdmissionRequest, as: ExpectedKind): AdmissionRequest {
  const { type: _type, custom: _custom, ...definition } = request.store.definition
  const { kind, schema } = as
  return { ...request, as, store: { ...request.store, apiVersion: apiVersionOf(as), definition: { ...definition, kind, schema, defaults: (object) => object } } }
}
