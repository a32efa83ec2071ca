import { statfs } from 'node:fs/promises'
import type { Cgroups } from './port.ts'
import { cgroupsVersion1, type CgroupOptions } from './version1.ts'
import { cgroupsVersion2 } from './version2.ts'

const CGROUP2_MAGIC = 0x63677270

/** The adapter for this host. A hybrid host (version 1 controllers, a version 2 tree beside them) counts as version 1. */
export async function openCgroups(options: CgroupOptions): Promise<Cgroups> {
  const about = await statfs(options.root ?? '/sys/fs/cgroup')
  return about.type === CGROUP2_MAGIC ? cgroupsVersion2(options) : cgroupsVersion1(options)
}
