/** Tells of each flow schema whether the priority level it names is there. */
import type { FlowSchema } from '../../../shared/model/gen/api.ts'
import type { Json } from '../../../shared/model/json.ts'
import { nameOf } from '../../../shared/model/meta.ts'
import { flowSchemas, priorityLevelConfigurations } from '../../../shared/model/resources.ts'
import { ignoreOvertaken } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { planDangling } from './plan.ts'

const BY_LEVEL = 'priority-level'
const MANAGER = 'api-priority-and-fairness-config-consumer-v1'

/** One function for all leaderships: an index is added once. */
const byLevel = ({ spec }: FlowSchema): readonly string[] => [spec?.priorityLevelConfiguration.name ?? '']

export function createFlowSchemaController({ client, informers, clock }: ControllerParts): Controller {
  const schemas = informers.for(flowSchemas)
  const levels = informers.for(priorityLevelConfigurations)
  schemas.addIndex(BY_LEVEL, byLevel)
  return {
    name: 'flow-schema',
    workers: 1,
    start(enqueue) {
      const stops = [
        schemas.subscribe(({ key, after }) => after && enqueue(key)),
        levels.subscribe(({ key, before, after }) => {
          if (!before || !after) for (const schema of schemas.byIndex(BY_LEVEL, key)) enqueue(nameOf(schema))
        }),
      ]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(name) {
      const schema = schemas.get(name)
      const conditions = schema && planDangling(schema, levels.get(schema.spec?.priorityLevelConfiguration.name ?? '') !== undefined, clock.nowMs())
      if (conditions) await client.patch(flowSchemas, { name }, { type: 'merge', subresource: 'status', fieldManager: MANAGER, body: { metadata: { uid: schema.metadata.uid ?? '' }, status: { conditions: conditions as unknown as Json } } }).catch(ignoreOvertaken)
      return done
    },
  }
}
