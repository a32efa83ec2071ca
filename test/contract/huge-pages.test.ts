import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readHostFacts } from '../../node-agent/host/facts.ts'
import { capacityOf } from '../../node-agent/session/node-object.ts'
import { execOn, isReadyOn, podOf, shell } from './node-pods.ts'
import { folder, makeLayer, openNode, PARENT, removeAll, until } from './pod-node.ts'

const SET_ASIDE = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'
const CONTROLLERS = '/sys/fs/cgroup/cgroup.controllers'
const isPossible = existsSync(SET_ASIDE) && existsSync(CONTROLLERS) && readFileSync(CONTROLLERS, 'utf8').split(/\s/).includes('hugetlb')
const PAGE = 2 << 20
const MORE = 8

describe.skipIf(!isPossible)('huge pages, where groups of version 2 count them', () => {
  const before = isPossible ? Number(readFileSync(SET_ASIDE, 'utf8')) : 0
  beforeAll(() => {
    makeLayer()
    writeFileSync(SET_ASIDE, String(before + MORE))
  })
  afterAll(async () => {
    writeFileSync(SET_ASIDE, String(before))
    await removeAll()
  })

  test('a pod has as many as its limit says: the groups bound them, its emptyDir is made of them, one more is refused', async () => {
    const host = await readHostFacts({ storageFolder: '/', bootIdFile: '/proc/sys/kernel/random/boot_id' })
    expect(capacityOf(host, 110)).toMatchObject({ 'hugepages-2Mi': `${(before + MORE) * 2}Mi` })
    const sizes = readdirSync('/sys/kernel/mm/hugepages').map((name) => Number(/\d+/.exec(name)?.[0]) * 1024)
    const node = await openNode(join(folder, 'node'), { hugePageSizes: sizes, capacity: { cpuMillis: 64_000, memoryBytes: 2 ** 34, pods: 110, hugePages: { 'hugepages-2Mi': MORE * PAGE } } })
    try {
      const resources = { requests: { 'hugepages-2Mi': '4Mi', memory: '32Mi' }, limits: { 'hugepages-2Mi': '4Mi', memory: '32Mi' } }
      const pod = podOf('huge', { containers: [shell('c', 'exec sleep 1000', { resources, volumeMounts: [{ name: 'h', mountPath: '/huge' }] })], volumes: [{ name: 'h', emptyDir: { medium: 'HugePages' } }] })
      node.workers.update(pod)
      await until(() => isReadyOn(node, pod), 'ready')
      const group = `/sys/fs/cgroup/${PARENT}/pod${pod.metadata.uid}`
      const container = join(group, readdirSync(group, { withFileTypes: true }).find((one) => one.isDirectory())?.name ?? '')
      for (const one of [group, container]) expect(['max', 'rsvd.max'].map((file) => readFileSync(`${one}/hugetlb.2MB.${file}`, 'utf8').trim())).toEqual([String(2 * PAGE), String(2 * PAGE)])
      // Of a size that it does not name it has none.
      if (sizes.includes(2 ** 30)) expect(readFileSync(`${container}/hugetlb.1GB.max`, 'utf8').trim()).toBe('0')
      const inside = async (script: string): Promise<string> => {
        const { stdout, stderr } = await execOn(node, pod, ['sh', '-c', script])
        return stdout + stderr
      }
      expect(await inside('grep " /huge " /proc/mounts')).toMatch(/^nodev \/huge hugetlbfs .*pagesize=2M/)
      expect(await inside(`fallocate -l ${2 * PAGE} /huge/a && echo all`)).toBe('all\n')
      expect(readFileSync(`${container}/hugetlb.2MB.current`, 'utf8').trim()).toBe(String(2 * PAGE))
      expect(await inside(`fallocate -l ${PAGE} /huge/b && echo more`)).toMatch(/^fallocate: .*No space left on device\n$/)
      expect(readFileSync(`${container}/hugetlb.2MB.events`, 'utf8')).toMatch(/^max [1-9]/)
    } finally {
      await node.close()
    }
  })
})
