import { chmod, mkdir, stat } from 'node:fs/promises'
import type { Pod } from '../../shared/model/gen/api.ts'
import { canonicalQuantity, quantityProblem, quantityValue } from '../../shared/model/quantity.ts'
import type { Mounts } from '../host/mounts.ts'
import { isMountPoint } from './empty-dir.ts'

const MEDIUM = 'HugePages'
const RESOURCE = 'hugepages-'

export type PageSize = { readonly kind: 'found'; readonly bytes: number } | { readonly kind: 'refused'; readonly message: string }

/** The size of the pages of an emptyDir of the medium `HugePages` (the one that the pod asks for) or `HugePages-2Mi` (which it must ask for); refused in kubelet's words. Pure. */
export function pageSizeFor(medium: string, { spec }: Pod): PageSize {
  const size = medium.startsWith(`${MEDIUM}-`) ? medium.slice(MEDIUM.length + 1) : undefined
  if (medium !== MEDIUM && (size === undefined || quantityProblem(size) !== undefined)) return { kind: 'refused', message: `unknown storage medium ${JSON.stringify(medium)}` }
  const requests = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].flatMap(({ resources }) => Object.keys(resources?.requests ?? {}))
  const asked = new Set(requests.filter((name) => name.startsWith(RESOURCE)).map((name) => quantityValue(name.slice(RESOURCE.length))))
  const [bytes, ...others] = [...asked].filter((one) => size === undefined || one === quantityValue(size))
  if (others.length > 0) return { kind: 'refused', message: `medium: ${medium} can't be used if container requests multiple huge page sizes` }
  return bytes === undefined ? { kind: 'refused', message: `medium ${medium}: hugePages storage requested, but there is no resource request for huge pages` } : { kind: 'found', bytes }
}

export interface HugePagesFolder {
  readonly path: string
  readonly fsGroup: number | undefined
  readonly pageBytes: number
}

/** A folder of huge pages, mounted once: root's, or the pod's group's, as from kubelet. */
export async function makeHugePagesFolder(mounts: Mounts, { path, fsGroup, pageBytes }: HugePagesFolder): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 })
  if (!(await isMountPoint(path))) await mountPages(mounts, { path, fsGroup, pageBytes })
  // No option of the mount: files made there are the group's, too.
  if (fsGroup !== undefined && ((await stat(path)).mode & SETGID) === 0) await chmod(path, SETGID | 0o775)
}

const SETGID = 0o2000

async function mountPages(mounts: Mounts, { path, fsGroup, pageBytes }: HugePagesFolder): Promise<void> {
  const size = canonicalQuantity(`${pageBytes / 1024}Ki`) ?? String(pageBytes)
  await mounts.mount({ type: 'hugetlbfs', source: 'nodev', target: path, data: [`pagesize=${size.replace(/i$/, '')}`, ...(fsGroup === undefined ? ['mode=755'] : ['mode=775', `gid=${fsGroup}`])].join(',') })
}
