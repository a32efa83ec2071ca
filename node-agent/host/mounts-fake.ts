import { Fault } from '../../shared/kit/faults.ts'
import type { MountPoint, Mounts } from './mounts.ts'

/** Mounts that only keep a list, for simulation and unit tests. */
export function fakeMounts(): Mounts & { readonly points: MountPoint[] } {
  const points: MountPoint[] = []
  return {
    points,
    async mount({ type, target, data }) {
      if (data.length > 4095) throw new Fault('invalid', `mount ${type} on ${target}: EINVAL`)
      points.push({ target, type, data })
    },
    async bind(_source, target) {
      points.push({ target, type: 'none', data: '' })
    },
    async bindMapped(_source, target) {
      points.push({ target, type: 'none', data: '' })
    },
    async unmount(target) {
      const at = points.findLastIndex((point) => point.target === target)
      if (at < 0) return false
      points.splice(at, 1)
      return true
    },
    async list() {
      return [...points]
    },
  }
}
