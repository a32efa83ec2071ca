import { expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { confinementOf, missingModule, noSecurityModules } from './confinement.ts'

const container = (securityContext?: Container['securityContext']): Container => ({ name: 'c', ...(securityContext === undefined ? {} : { securityContext }) })
const podOf = (one: Container, securityContext?: PodSpec['securityContext']): Pod => ({ metadata: { name: 'p' }, spec: { containers: [one], ...(securityContext === undefined ? {} : { securityContext }) } })
const all = { appArmor: true, seLinux: true }

const appArmor = { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' }
const seLinux = { reason: 'SELinux', message: 'Cannot enforce SELinux: SELinux is not enabled on the host' }

test.each([
  ['nothing', podOf(container()), undefined],
  ['unconfined', podOf(container({ appArmorProfile: { type: 'Unconfined' } })), undefined],
  ['AppArmor in a container', podOf(container({ appArmorProfile: { type: 'RuntimeDefault' } })), appArmor],
  ['AppArmor of the pod', podOf(container(), { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } }), appArmor],
  ['AppArmor of the pod, none in its container', podOf(container({ appArmorProfile: { type: 'Unconfined' } }), { appArmorProfile: { type: 'RuntimeDefault' } }), undefined],
  ['labels', podOf(container({ seLinuxOptions: { level: 's0:c1,c2' } })), seLinux],
  ['labels that say nothing', podOf(container(), { seLinuxOptions: {} }), undefined],
] as const)('a host without modules and a pod that wants %s', (_, pod, refusal) => {
  expect(missingModule(pod, noSecurityModules)).toEqual(refusal)
  expect(missingModule(pod, all)).toBeUndefined()
})

test('where the modules are, labels are handed to the runtime', () => {
  const confined = container({ appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' }, seLinuxOptions: { level: 's0:c1' } })
  expect(confinementOf(podOf(confined), confined, all)).toEqual({ kind: 'confined', process: { selinuxLabel: 'system_u:system_r:container_t:s0:c1' }, linux: { mountLabel: 'system_u:object_r:container_file_t:s0:c1' } })
  const privileged = container({ ...confined.securityContext, privileged: true })
  expect(confinementOf(podOf(privileged), privileged, all)).toEqual({ kind: 'confined', process: {}, linux: {} })
})

test.each([
  ['AppArmor', { appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } }, appArmor.message],
  ['the standard of AppArmor', { appArmorProfile: { type: 'RuntimeDefault' } }, appArmor.message],
  ['labels', { seLinuxOptions: { level: 's0:c1' } }, seLinux.message],
] as const)('a container that joins later and wants %s does not run without it', (_, securityContext, message) => {
  const pod = podOf({ name: 'main' })
  const ephemeral = container(securityContext)
  expect(missingModule({ ...pod, spec: { containers: [{ name: 'main' }], ephemeralContainers: [ephemeral] } }, noSecurityModules)).toBeUndefined()
  expect(confinementOf(pod, ephemeral, noSecurityModules)).toEqual({ kind: 'refused', message })
  expect(confinementOf(pod, container({ ...securityContext, privileged: true }), noSecurityModules)).toEqual({ kind: 'confined', process: {}, linux: {} })
  expect(confinementOf(pod, container({ appArmorProfile: { type: 'Unconfined' }, seLinuxOptions: {} }), noSecurityModules)).toEqual({ kind: 'confined', process: {}, linux: {} })
})
