import { expect, test } from 'vitest'
import type { FlowSchema } from '../../../shared/model/gen/api.ts'
import { flowSchemas, priorityLevelConfigurations } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planDangling } from './plan.ts'
import { createFlowSchemaController } from './reconcile.ts'

const schema: FlowSchema = { metadata: { name: 's' }, spec: { priorityLevelConfiguration: { name: 'level' } } }
const told = (conditions: ReturnType<typeof planDangling>): unknown => conditions?.map(({ status, reason, message }) => [status, reason, message])

test('a level that is not there is told; planning twice gives no second step; the time of the change stays with the state', () => {
  const missing = planDangling(schema, false, 0)
  expect(told(missing)).toEqual([['True', 'NotFound', 'This FlowSchema references the PriorityLevelConfiguration object named "level" but there is no such object']])
  const stored: FlowSchema = { ...schema, status: { conditions: missing } }
  expect(planDangling(stored, false, 1000)).toBeUndefined()
  expect(told(planDangling(stored, true, 1000))).toEqual([['False', 'Found', 'This FlowSchema references the PriorityLevelConfiguration object named "level" and it exists']])
})

test('the condition follows the level as it comes and goes', async () => {
  await using here = world()
  await here.start(createFlowSchemaController(here.parts))
  await here.client.create(flowSchemas, schema)
  await here.clock.advance(100)
  const state = (): unknown => here.client.all(flowSchemas)[0]?.status?.conditions?.map(({ status }) => status)
  expect(state()).toEqual(['True'])
  await here.client.create(priorityLevelConfigurations, { metadata: { name: 'level' } })
  await here.clock.advance(100)
  expect(state()).toEqual(['False'])
  await here.client.delete(priorityLevelConfigurations, { name: 'level' })
  await here.clock.advance(100)
  expect(state()).toEqual(['True'])
})
