import { expect, test } from 'vitest'
import type { ValidatingAdmissionPolicy } from '../../../shared/model/gen/api.ts'
import { validatingAdmissionPolicies } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { createValidatingAdmissionPolicyController } from './reconcile.ts'

const policy = (name: string, expression: string): ValidatingAdmissionPolicy => ({
  metadata: { name, generation: 1 },
  spec: { matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }] }, validations: [{ expression }] },
})

test('each policy is told of once a generation', async () => {
  await using here = world()
  await here.start(createValidatingAdmissionPolicyController(here.parts))
  await here.client.create(validatingAdmissionPolicies, policy('good', 'object.spec.hostNetwork'))
  await here.client.create(validatingAdmissionPolicies, policy('odd', 'object.spec.nope'))
  const status = (name: string): ValidatingAdmissionPolicy['status'] => here.client.all(validatingAdmissionPolicies).find(({ metadata }) => metadata.name === name)?.status
  await expect.poll(async () => (await here.clock.advance(100), [status('good')?.observedGeneration, status('odd')?.observedGeneration]), { timeout: 30_000 }).toEqual([1, 1])
  expect(status('good')).toEqual({ observedGeneration: 1, typeChecking: {} })
  expect(status('odd')?.typeChecking?.expressionWarnings?.map(({ fieldRef }) => fieldRef)).toEqual(['spec.validations[0].expression'])
})

test('definitions are looked up for policies alone that may name one', async () => {
  await using here = world()
  const listed: string[] = []
  const client = { ...here.client, list: ((resource, options) => (listed.push(resource.plural), here.client.list(resource, options))) as typeof here.client.list }
  await here.start(createValidatingAdmissionPolicyController({ ...here.parts, client }))
  const settle = async (made: ValidatingAdmissionPolicy): Promise<void> => {
    const { name = '' } = (await here.client.create(validatingAdmissionPolicies, made)).metadata
    const settled = (): number | undefined => here.client.all(validatingAdmissionPolicies).find(({ metadata }) => metadata.name === name)?.status?.observedGeneration
    await expect.poll(async () => (await here.clock.advance(100), settled()), { timeout: 30_000 }).toBe(1)
  }
  await settle(policy('core', 'true'))
  expect(listed).toEqual([])
  const { metadata, spec } = policy('params', 'true')
  await settle({ metadata, spec: { ...spec, paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' } } })
  expect(listed).toEqual(['customresourcedefinitions'])
})
