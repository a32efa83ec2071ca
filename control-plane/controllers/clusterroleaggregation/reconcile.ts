/** Keeps the rules of aggregated ClusterRoles what the roles they select say. */
import { clusterRoles } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { MANAGER, planAggregation } from './plan.ts'

export function createClusterRoleAggregationController({ client, informers }: ControllerParts): Controller {
  const roles = informers.for(clusterRoles)
  return {
    name: 'clusterroleaggregation',
    workers: 1,
    start(enqueue) {
      // Any role may be a part of any aggregated one; those are few.
      return roles.subscribe(() => {
        for (const { metadata, aggregationRule } of roles.list()) if (aggregationRule) enqueue(metadata.name ?? '')
      })
    },
    async reconcile(name) {
      const role = roles.get(name)
      const rules = role && planAggregation(role, roles.list())
      if (rules) await client.update(clusterRoles, { ...role, rules }, { fieldManager: MANAGER }).catch(ignoreMissing)
      return done
    },
  }
}
