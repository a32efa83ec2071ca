/** Every namespace has the ServiceAccount `default`. */
import { namespaceOf, nameOf } from '../../../shared/model/meta.ts'
import { namespaces, serviceAccounts } from '../../../shared/model/resources.ts'
import { ignoreOvertaken } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { isMissing } from './plan.ts'

const NAME = 'default'

export function createServiceAccountController({ client, informers }: ControllerParts): Controller {
  const accounts = informers.for(serviceAccounts)
  const spaces = informers.for(namespaces)
  return {
    name: 'serviceaccount',
    workers: 2,
    start(enqueue) {
      const stops = [spaces.subscribe(({ key, after }) => after && enqueue(key)), accounts.subscribe(({ before, after }) => before && !after && nameOf(before) === NAME && enqueue(namespaceOf(before)))]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(namespace) {
      if (!isMissing(spaces.get(namespace), accounts.get(`${namespace}/${NAME}`))) return done
      await client.create(serviceAccounts, { metadata: { name: NAME, namespace } }).catch(ignoreOvertaken)
      return done
    },
  }
}
