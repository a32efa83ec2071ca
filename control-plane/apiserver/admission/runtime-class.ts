import type { Pod } from '../../../shared/model/gen/api.ts'
import { isCore, type AdmissionPlugin } from './plugin.ts'
import { forbid } from './refuse.ts'

/** A pod's overhead is its runtime class's to say; a class must be there. */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  mutate(request) {
    if (request.operation !== 'CREATE' || !isCore(request, 'pods') || request.subresource !== '') return request.object
    const name = (request.object as unknown as Pod).spec?.runtimeClassName
    if (name !== undefined) throw forbid(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
    return request.object
  },
  validate(request) {
    if (request.operation !== 'CREATE' || !isCore(request, 'pods')) return
    if ((request.object as unknown as Pod).spec?.overhead) throw forbid(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
  },
}
