/** A plugin's "no", about the object of the request as Kubernetes names it. */
import type { StatusCause } from '../../../shared/model/gen/api.ts'
import { metaText } from '../core/stored.ts'
import { forbidden } from '../status.ts'
import type { AdmissionRequest } from './plugin.ts'

export function forbid(request: AdmissionRequest, message: string, causes?: readonly StatusCause[]): Error {
  const name = request.name || metaText(request.object, 'name') || metaText(request.object, 'generateName') || 'Unknown'
  return forbidden(request.store.resource, name, { message, ...(causes && { causes }) })
}
