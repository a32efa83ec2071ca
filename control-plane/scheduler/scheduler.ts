/** The room's door. */
export { createScheduler, type Decision, type Scheduler, type SchedulerOptions } from './loop.ts'
export type { Explanation, NodeVerdict } from './core/explain.ts'
