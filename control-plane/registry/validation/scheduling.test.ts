import { expect, test } from 'vitest'
import type { TopologySpreadConstraint } from '../../../shared/model/gen/api.ts'
import { validateTopologySpread } from './scheduling.ts'

const constraint = (topologyKey: string, whenUnsatisfiable: string): TopologySpreadConstraint => ({ maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: {} })

test('a constraint that comes again is told, but not where it comes last', () => {
  const errors = validateTopologySpread([constraint('a', 'DoNotSchedule'), constraint('a', 'ScheduleAnyway'), constraint('a', 'DoNotSchedule')], 'spec.constraints')
  expect(errors.map(({ field, type }) => [field, type])).toEqual([['spec.constraints[0].{topologyKey, whenUnsatisfiable}', 'FieldValueDuplicate']])
})

test('very many constraints are looked at in little time', () => {
  const many = Array.from({ length: 60_000 }, (_, index) => constraint(`k${index}`, 'DoNotSchedule'))
  const before = process.cpuUsage()
  expect(validateTopologySpread(many, 'spec.constraints')).toEqual([])
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1e6).toBeLessThan(8)
})
