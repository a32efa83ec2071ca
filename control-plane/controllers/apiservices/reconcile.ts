/** Keeps an API service for each version that custom resources are served in. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { nameOf, uidOf } from '../../../shared/model/meta.ts'
import { apiServices, customResourceDefinitions } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { isAutomanaged, servicesOf, wantedService } from './plan.ts'

export function createApiServicesController({ client, informers }: ControllerParts): Controller {
  const definitions = informers.for(customResourceDefinitions)
  const services = informers.for(apiServices)
  return {
    name: 'apiservices',
    workers: 1,
    start(enqueue) {
      const stops = [
        definitions.subscribe(({ before, after }) => {
          for (const name of new Set([before, after].flatMap((one) => (one ? servicesOf(one) : [])))) enqueue(name)
        }),
        services.subscribe(({ key, before, after }) => {
          if ([before, after].some((one) => one && isAutomanaged(one))) enqueue(key)
        }),
      ]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(name) {
      const wanted = wantedService(name, definitions.list())
      const there = services.get(name)
      if (!there) {
        if (wanted) await client.create(apiServices, wanted).catch(ignoreExisting)
      } else if (!isAutomanaged(there)) return done
      else if (!wanted) await client.delete(apiServices, { name: nameOf(there) }, { preconditions: { uid: uidOf(there) } }).catch(ignoreMissing)
      else if (!deepEqual(there.spec, wanted.spec)) await client.update(apiServices, { ...there, spec: wanted.spec })
      return done
    },
  }
}

function ignoreExisting(error: unknown): void {
  if (!isApiError(error, 'AlreadyExists')) throw error
}
