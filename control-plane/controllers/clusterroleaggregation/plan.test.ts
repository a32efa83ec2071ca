import { expect, test } from 'vitest'
import type { ClusterRole, PolicyRule } from '../../../shared/model/gen/api.ts'
import { clusterRoles } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planAggregation } from './plan.ts'
import { createClusterRoleAggregationController } from './reconcile.ts'

const rule = (...resources: string[]): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources })
const source = (name: string, ...rules: PolicyRule[]): ClusterRole => ({ metadata: { name, labels: { part: 'yes' } }, rules })
const whole: ClusterRole = { metadata: { name: 'all' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] } }

test('rules come in the order of names, each once', () => {
  expect(planAggregation(whole, [source('b', rule('pods'), rule('secrets')), whole, source('a', rule('nodes'), rule('pods'))])).toEqual([rule('nodes'), rule('pods'), rule('secrets')])
  expect(planAggregation({ ...whole, rules: [rule('pods')] }, [source('a', rule('pods'))])).toBeUndefined()
})

test('with nothing to select, own rules stay and aggregated ones go', () => {
  const own = { ...whole, rules: [rule('secrets')] }
  expect(planAggregation(own, [own])).toBeUndefined()
  const aggregated = { ...own, metadata: { name: 'all', managedFields: [{ manager: 'clusterrole-aggregation-controller', fieldsV1: { 'f:rules': {} } }] } }
  expect(planAggregation(aggregated, [aggregated])).toEqual([])
})

test('a role is put together anew whenever a part changes, and then rests', async () => {
  await using here = world()
  await here.start(createClusterRoleAggregationController(here.parts))
  await here.client.create(clusterRoles, whole)
  await here.client.create(clusterRoles, source('a', rule('pods')))
  await here.clock.advance(100)
  const rules = (): unknown => here.client.all(clusterRoles).find(({ metadata }) => metadata.name === 'all')?.rules
  expect(rules()).toEqual([rule('pods')])
  await here.client.create(clusterRoles, source('b', rule('nodes')))
  await here.clock.advance(100)
  expect(rules()).toEqual([rule('pods'), rule('nodes')])
  const writes = here.client.calls.length
  await here.clock.advance(10_000)
  expect(here.client.calls.length).toBe(writes)
})
