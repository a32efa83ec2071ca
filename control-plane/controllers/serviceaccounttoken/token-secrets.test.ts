import { expect, test } from 'vitest'
import type { Secret, ServiceAccount } from '../../../shared/model/gen/api.ts'
import { secrets, serviceAccounts } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planTokenSecret } from './plan.ts'
import { createServiceAccountTokenController } from './reconcile.ts'

const account: ServiceAccount = { metadata: { name: 'bot', namespace: 'x', uid: 'u1' } }
const asking = (annotations: Record<string, string> = {}): Secret => ({ metadata: { name: 't', namespace: 'x', annotations: { 'kubernetes.io/service-account.name': 'bot', ...annotations } }, type: 'kubernetes.io/service-account-token' })

test('what asks for a token gets one, with what is needed to use it', () => {
  const step = planTokenSecret(asking(), account, 'PEM')
  expect(step).toMatchObject({ kind: 'fill', needsToken: true, secret: { metadata: { annotations: { 'kubernetes.io/service-account.uid': 'u1' } }, data: { 'ca.crt': 'UEVN', namespace: 'eA==' } } })
  if (step.kind !== 'fill') return
  const whole = { ...step.secret, data: { ...step.secret.data, token: 'dA==' } }
  expect(planTokenSecret(whole, account, 'PEM')).toEqual({ kind: 'none' })
  expect(planTokenSecret(whole, account, 'NEW')).toMatchObject({ kind: 'fill', needsToken: false })
})

test('without its account, or for another of the same name, it goes; other Secrets are left alone', () => {
  expect(planTokenSecret(asking(), undefined, 'PEM')).toEqual({ kind: 'delete' })
  expect(planTokenSecret(asking({ 'kubernetes.io/service-account.uid': 'u0' }), account, 'PEM')).toEqual({ kind: 'delete' })
  expect(planTokenSecret({ ...asking(), type: 'Opaque' }, undefined, 'PEM')).toEqual({ kind: 'none' })
})

test('it comes and goes with its account', async () => {
  await using here = world()
  await here.start(createServiceAccountTokenController(here.parts, { caPem: 'PEM', signer: { signForSecret: ({ secretName }) => Promise.resolve(`token of ${secretName}`) } }))
  await here.client.create(serviceAccounts, { metadata: { name: 'bot', namespace: 'x' } })
  await here.client.create(secrets, asking())
  await here.client.create(secrets, { ...asking({ 'kubernetes.io/service-account.name': 'ghost' }), metadata: { ...asking({ 'kubernetes.io/service-account.name': 'ghost' }).metadata, name: 'ghost' } })
  await here.clock.advance(100)
  expect(here.client.all(secrets).map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {}).length])).toEqual([['t', 3]])
  await here.client.delete(serviceAccounts, { namespace: 'x', name: 'bot' })
  await here.clock.advance(100)
  expect(here.client.all(secrets)).toEqual([])
})
