/** Every namespace has the ConfigMap `kube-root-ca.crt`, which the token volume of its pods carries. */
import { namespaceOf, nameOf } from '../../../shared/model/meta.ts'
import { configMaps, namespaces } from '../../../shared/model/resources.ts'
import { ignoreOvertaken } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { planRootCa, ROOT_CA_NAME } from './plan.ts'

export function createRootCaController({ client, informers }: ControllerParts, pem: string): Controller {
  const maps = informers.for(configMaps)
  const spaces = informers.for(namespaces)
  return {
    name: 'root-ca',
    workers: 2,
    start(enqueue) {
      const stops = [
        spaces.subscribe(({ key, after }) => after && enqueue(key)),
        maps.subscribe(({ before, after }) => {
          const map = before ?? after
          if (map && nameOf(map) === ROOT_CA_NAME) enqueue(namespaceOf(map))
        }),
      ]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(namespace) {
      const step = planRootCa({ namespace: spaces.get(namespace), stored: maps.get(`${namespace}/${ROOT_CA_NAME}`), pem })
      if (step.kind === 'create') await client.create(configMaps, step.configMap).catch(ignoreOvertaken)
      if (step.kind === 'update') await client.update(configMaps, step.configMap).catch(ignoreOvertaken)
      return done
    },
  }
}
