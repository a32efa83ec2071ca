import fc from 'fast-check'
import { expect, test } from 'vitest'
import { becomeAvailable, deploymentOf, modelOf, planNow, reportStatus, rollTo, runToRest, step, syncPods, type Model } from './testing.ts'
import { maxTotalOf, minAvailableOf } from './strategy.ts'

const share = fc.oneof(
  fc.integer({ min: 0, max: 6 }),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
)
const scenario = fc.record({ replicas: fc.integer({ min: 0, max: 12 }), maxSurge: share, maxUnavailable: share })

const settled = ({ replicas, ...rollingUpdate }: { replicas: number; maxSurge: number | string; maxUnavailable: number | string }): Model => {
  const model = modelOf(deploymentOf(replicas, { strategy: { type: 'RollingUpdate', rollingUpdate } }))
  runToRest(model)
  return model
}

/** What may happen next, in any order and to any replica set: the deployment is planned, pods follow, become available, and are reported. */
const happenings = fc.array(fc.record({ what: fc.constantFrom('plan', 'pods', 'ready', 'report'), which: fc.nat(3) }), { maxLength: 120 })

function happen(model: Model, { what, which }: { readonly what: string; readonly which: number }): void {
  if (what === 'plan') return void step(model)
  const change = what === 'pods' ? syncPods : what === 'ready' ? becomeAvailable : reportStatus
  const at = model.sets.length === 0 ? 0 : which % model.sets.length
  model.sets = model.sets.map((one, index) => (index === at ? change(one) : one))
}

test('safety: a rolling update never promises more than replicas + maxSurge, nor has fewer available than replicas − maxUnavailable, however late statuses are', () => {
  fc.assert(
    fc.property(scenario, happenings, fc.integer({ min: 2, max: 3 }), (settings, script, rollouts) => {
      const model = settled(settings)
      script.forEach((one, index) => {
        if (index % 40 === 0 && index / 40 < rollouts) rollTo(model, String(2 + index / 40))
        happen(model, one)
        expect(model.sets.reduce((sum, { set }) => sum + (set.spec?.replicas ?? 0), 0)).toBeLessThanOrEqual(maxTotalOf(model.deployment))
        expect(model.sets.reduce((sum, { available }) => sum + available, 0)).toBeGreaterThanOrEqual(minAvailableOf(model.deployment))
      })
    }),
    { numRuns: 300 },
  )
})

test('liveness: whatever happened before, it ends with every replica of the newest template, and the old ones empty', () => {
  fc.assert(
    fc.property(scenario, happenings, (settings, script) => {
      const model = settled(settings)
      rollTo(model, '2')
      for (const one of script) happen(model, one)
      runToRest(model)
      for (const { set } of model.sets) expect(set.spec?.replicas).toBe(set.metadata.labels?.['rev'] === '2' ? settings.replicas : 0)
      expect(model.deployment.status?.conditions?.find(({ type }) => type === 'Progressing')?.reason).toBe('NewReplicaSetAvailable')
    }),
    { numRuns: 200 },
  )
})

test('planning twice gives no second step: at rest the plan is empty and the status stands', () => {
  fc.assert(
    fc.property(scenario, (settings) => {
      const model = settled(settings)
      const plan = planNow(model)
      expect([plan.steps, plan.status]).toEqual([[], model.deployment.status])
    }),
  )
})
