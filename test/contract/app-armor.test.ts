import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadedProfiles, loadProfile } from '../../node-agent/host/app-armor.ts'
import { mustRun } from '../../node-agent/host/exec.ts'
import { securityModules } from '../../node-agent/host/security-modules.ts'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { execOn, isReadyOn, podOf, saidOn, shell, statusOn } from './node-pods.ts'
import { folder, makeLayer, openNode, removeAll, until, type Node } from './pod-node.ts'

const PARSER = '/sbin/apparmor_parser'
const isPossible = (await securityModules()).appArmor && existsSync(PARSER)
const CURRENT = 'cat /proc/self/attr/current'
const FOREVER = 'echo up; exec sleep 1000'
/** Says what a write to a setting of the kernel comes to that changes nothing. */
const rewrite = (setting: string): string => `v=$(cat /proc/sys/${setting}); echo $v > /proc/sys/${setting} && echo ${setting} written`
const OWN = `gantry-test-${process.pid}`
const OWN_PROFILE = `profile ${OWN} flags=(attach_disconnected) { capability, file, network, signal, deny /etc/passwd r, }\n`

describe.skipIf(!isPossible)('AppArmor, where the host has it and its parser', () => {
  beforeAll(makeLayer)
  afterAll(removeAll)
  const unloadOwn = async (): Promise<void> => {
    if ((await loadedProfiles()).has(OWN)) await mustRun(PARSER, ['--remove', '--skip-cache', '--quiet'], { input: OWN_PROFILE })
  }
  afterAll(unloadOwn)

  let node: Node
  let count = 0
  beforeEach(async () => {
    node = await openNode(join(folder, `node${++count}`))
  })
  afterEach(() => node.close())

  /** A pod of one container that runs on after its script, and what that said. */
  async function running(name: string, script: string, securityContext: Container['securityContext']): Promise<{ readonly pod: Pod; readonly said: string }> {
    const pod = podOf(name, { containers: [shell('c', `${script}; ${FOREVER}`, { securityContext })] })
    node.workers.update(pod)
    await until(() => isReadyOn(node, pod), `${name} is ready`)
    return { pod, said: await saidOn(node, pod) }
  }

  test.each([
    ['names none', {}],
    ['asks for RuntimeDefault', { appArmorProfile: { type: 'RuntimeDefault' } }],
    ['may win no privileges', { allowPrivilegeEscalation: false, seccompProfile: { type: 'RuntimeDefault' } }],
  ])('a container that %s is under the node’s own profile, and so is a command inside', async (_, securityContext) => {
    const { pod, said } = await running('standard', CURRENT, securityContext)
    expect(said).toBe('gantry-default (enforce)\n')
    expect((await execOn(node, pod, ['cat', '/proc/self/attr/current'])).stdout).toBe('gantry-default (enforce)\n')
    expect(await loadedProfiles()).toContain('gantry-default')
  })

  test('that profile keeps who has every right from mounting and from settings of the kernel that are not its pod’s', async () => {
    const done = (said: string): readonly string[] => said.split('\n').filter((line) => line !== '' && !line.includes(':'))
    const rights = { capabilities: { add: ['ALL'] }, procMount: 'Unmasked' }
    const script = `mount -t tmpfs x /tmp && echo mounted; ${rewrite('vm/overcommit_memory')}; ${rewrite('kernel/panic')}; ${rewrite('kernel/shmmax')}; touch /tmp/a && echo files`
    const kept = await running('kept', script, rights)
    expect(done(kept.said)).toEqual(['kernel/shmmax written', 'files'])
    const free = await running('free', script, { ...rights, appArmorProfile: { type: 'Unconfined' } })
    expect(done(free.said)).toEqual(['mounted', 'vm/overcommit_memory written', 'kernel/panic written', 'kernel/shmmax written', 'files'])
  })

  test('who is privileged or wants none is under none', async () => {
    const [privileged, unconfined] = await Promise.all([running('privileged', CURRENT, { privileged: true }), running('unconfined', CURRENT, { appArmorProfile: { type: 'Unconfined' } })])
    expect([privileged.said, unconfined.said]).toEqual(['unconfined\n', 'unconfined\n'])
  })

  test('a profile of the node: a pod waits for it in words, and has it once it is loaded', async () => {
    // Of an earlier try.
    await unloadOwn()
    const profile = { appArmorProfile: { type: 'Localhost', localhostProfile: OWN } } as const
    const pod = podOf('own', { containers: [shell('c', `${CURRENT}; cat /etc/passwd 2>&1; ${FOREVER}`, { securityContext: profile })] })
    node.workers.update(pod)
    const message = `failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found ${OWN}`
    await until(() => statusOn(node, pod).containerStatuses?.[0]?.state?.waiting?.message === message, 'told why it waits')
    expect(statusOn(node, pod).containerStatuses?.[0]?.state?.waiting?.reason).toBe('CreateContainerError')
    expect(node.events).toContain(`Failed: Error: ${message}`)
    await loadProfile(OWN_PROFILE)
    await until(() => isReadyOn(node, pod), 'runs')
    expect(await saidOn(node, pod)).toBe(`${OWN} (enforce)\ncat: can't open '/etc/passwd': Permission denied\n`)
    const privileged = await running('privileged', CURRENT, { ...profile, privileged: true })
    expect(privileged.said).toBe(`${OWN} (enforce)\n`)
  })

  test('a profile that says nothing sensible is refused in the parser’s words', async () => {
    await expect(loadProfile('profile x { no such rule }')).rejects.toThrow(/^apparmor_parser: AppArmor parser error.* syntax error/)
  })
})
