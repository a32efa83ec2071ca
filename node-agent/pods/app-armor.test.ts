import { expect, test } from 'vitest'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { appArmorProfileFor } from './app-armor.ts'
import type { PodParts } from './parts.ts'

const profileOn = (appArmor: boolean, trouble: string | undefined | Promise<never>, securityContext: Container['securityContext'] = {}): Promise<string | undefined> => {
  const pod: Pod = { metadata: { name: 'p' }, spec: { containers: [] } }
  const parts = { files: { whyNotUnder: async () => trouble }, config: { capacity: { securityModules: { appArmor, seLinux: false } } } } as unknown as Pick<PodParts, 'files' | 'config'>
  return appArmorProfileFor(parts, pod, { securityContext })
}
const standard = { appArmorProfile: { type: 'RuntimeDefault' } }

test('a host without AppArmor has no profile for anybody', async () => {
  expect(await profileOn(false, undefined)).toBeUndefined()
  expect(await profileOn(false, undefined, { appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } })).toBeUndefined()
})

test('a profile that is loaded is the container’s; without it whoever asked for it is refused, and others run', async () => {
  expect([await profileOn(true, undefined), await profileOn(true, undefined, standard)]).toEqual(['gantry-default', 'gantry-default'])
  expect(await profileOn(true, 'no such program')).toBeUndefined()
  await expect(profileOn(true, 'no such program', standard)).rejects.toThrow('no such program')
})

test('a host that does not let its profiles be seen runs who asks for none, and refuses the others in words', async () => {
  const hidden = Promise.reject(new Error('EACCES: permission denied'))
  expect(await profileOn(true, hidden)).toBeUndefined()
  await expect(profileOn(true, hidden, standard)).rejects.toThrow('cannot find the AppArmor profile gantry-default: EACCES: permission denied')
})
