/** Labels of SELinux, under the policy of `policy.cil`, which is enforced. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { securityModules } from '../../node-agent/host/security-modules.ts'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { execOn, isReadyOn, podOf, saidOn, shell, statusOn } from '../contract/node-pods.ts'
import { folder, makeLayer, openNode, removeAll, until, type Node } from '../contract/pod-node.ts'

const { seLinux } = await securityModules()
const CURRENT = 'cat /proc/self/attr/current | tr -d "\\0"; echo'
/** Asks the kernel for its interfaces, which the policy denies to containers with a label. */
const ASK = 'ip link > /tmp/links 2>&1 && echo asked || cat /tmp/links'
const FOREVER = 'echo up; exec sleep 1000'

describe.skipIf(!seLinux)('SELinux, where it is at work', () => {
  let node: Node
  beforeAll(async () => {
    makeLayer()
    node = await openNode(join(folder, 'node'))
  })
  afterAll(async () => {
    await node.close()
    await removeAll()
  })

  async function running(name: string, script: string, securityContext: Container['securityContext']): Promise<{ readonly pod: Pod; readonly said: string }> {
    const pod = podOf(name, { containers: [shell('c', `${script}; ${FOREVER}`, { securityContext })] })
    node.workers.update(pod)
    await until(() => isReadyOn(node, pod), `${name} is ready`)
    return { pod, said: await saidOn(node, pod) }
  }

  test('it is enforced', () => {
    expect(readFileSync('/sys/fs/selinux/enforce', 'utf8')).toBe('1')
  })

  test('a container has the label it asks for, a command inside too; its mounts have theirs; and the policy holds for it', async () => {
    const { pod, said } = await running('labelled', `${CURRENT}; ${ASK}`, { seLinuxOptions: { level: 's0:c1,c2' } })
    const [label, ...asked] = said.split('\n')
    expect(label).toBe('system_u:system_r:container_t:s0:c1,c2')
    expect(asked.join('\n')).toContain('Permission denied')
    expect((await execOn(node, pod, ['sh', '-c', CURRENT])).stdout).toBe('system_u:system_r:container_t:s0:c1,c2\n')
    const mounts = (await execOn(node, pod, ['cat', '/proc/mounts'])).stdout.split('\n')
    const labelOf = (place: string): string | undefined => mounts.find((line) => line.split(' ')[1] === place)
    for (const place of ['/', '/dev']) expect(labelOf(place)).toContain('context="system_u:object_r:container_file_t:s0:c1,c2"')
  })

  test('one that asks for none, or is privileged, is what the node is', async () => {
    const [plain, privileged] = await Promise.all([running('plain', `${CURRENT}; ${ASK}`, {}), running('privileged', `${CURRENT}; ${ASK}`, { privileged: true, seLinuxOptions: { level: 's0:c1' } })])
    for (const { said } of [plain, privileged]) expect(said).toBe('system_u:system_r:kernel_t:s0\nasked\n')
  })

  test('a label that the policy does not know is refused, and told', async () => {
    const pod = podOf('unknown', { containers: [shell('c', FOREVER, { securityContext: { seLinuxOptions: { type: 'nobody_t' } } })] })
    node.workers.update(pod)
    await until(() => statusOn(node, pod).containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerError', 'told')
    expect(statusOn(node, pod).containerStatuses?.[0]?.state?.waiting?.message).toBe('the policy of SELinux on this node does not know the label system_u:system_r:nobody_t:s0')
  })
})
