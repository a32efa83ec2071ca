/** Whether the priority level that a flow schema names is there. PURE. */
import type { FlowSchema, FlowSchemaCondition } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'

const TYPE = 'Dangling'

/** The conditions to be written; `undefined` if they are right. */
export function planDangling(schema: FlowSchema, hasLevel: boolean, nowMs: number): readonly FlowSchemaCondition[] | undefined {
  const level = schema.spec?.priorityLevelConfiguration.name ?? ''
  const status = hasLevel ? 'False' : 'True'
  const reason = hasLevel ? 'Found' : 'NotFound'
  const message = `This FlowSchema references the PriorityLevelConfiguration object named "${level}" ${hasLevel ? 'and it exists' : 'but there is no such object'}`
  const conditions = schema.status?.conditions ?? []
  const before = conditions.find(({ type }) => type === TYPE)
  if (before?.status === status && before.reason === reason && before.message === message) return undefined
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : formatTime(nowMs)
  return [...conditions.filter(({ type }) => type !== TYPE), { type: TYPE, status, lastTransitionTime, reason, message }]
}
