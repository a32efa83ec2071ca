import { expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { STANDARD_PROFILE, standardProfile, wantedProfile } from './app-armor.ts'

const wanted = (securityContext: Container['securityContext'], ofPod: PodSpec['securityContext'] = {}): ReturnType<typeof wantedProfile> => {
  const container: Container = { name: 'c', ...(securityContext && { securityContext }) }
  const pod: Pod = { metadata: { name: 'p' }, spec: { containers: [container], ...(ofPod && { securityContext: ofPod }) } }
  return wantedProfile(pod, container)
}
const runtimeDefault = { appArmorProfile: { type: 'RuntimeDefault' } } as const
const own = { appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } } as const
const unconfined = { appArmorProfile: { type: 'Unconfined' } } as const

test.each([
  ['nothing', undefined, undefined, { name: STANDARD_PROFILE, isAskedFor: false }],
  ['nothing, and is privileged', { privileged: true }, undefined, undefined],
  ['the standard', runtimeDefault, undefined, { name: STANDARD_PROFILE, isAskedFor: true }],
  ['the standard by its pod', undefined, runtimeDefault, { name: STANDARD_PROFILE, isAskedFor: true }],
  ['the standard, and is privileged', { ...runtimeDefault, privileged: true }, undefined, undefined],
  ['one of the node', own, runtimeDefault, { name: 'mine', isAskedFor: true }],
  ['one of the node, and is privileged', { ...own, privileged: true }, undefined, { name: 'mine', isAskedFor: true }],
  ['none', unconfined, own, undefined],
] as const)('a container that asks for %s', (_, container, pod, profile) => {
  expect(wanted(container, pod)).toEqual(profile)
})

test('the standard profile names the description of AppArmor only where the host has it', () => {
  expect(standardProfile(true)).toMatch(/^abi <abi\/3\.0>,\n\nprofile gantry-default flags/)
  expect(standardProfile(false)).toMatch(/^\nprofile gantry-default flags/)
})
