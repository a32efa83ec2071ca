/** What the pods of this node use, looked at twice, so that a rate can be told. */
import { machineUsage } from '../../host/usage.ts'
import { podUsage, type PodUsage } from '../../stats/stats.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import type { StreamDoor } from '../streams/place.ts'

export interface UsageSample {
  readonly atMs: number
  readonly pods: readonly PodUsage[]
  readonly node: { readonly cpuNanos: number; readonly memoryBytes: number; readonly memoryTotalBytes: number }
}

/** The two moments: their distance is what the rate is an average of. */
export interface UsageSamples {
  readonly before: UsageSample
  readonly now: UsageSample
}

const SAMPLE_MS = 250

export async function sampleUsage(door: StreamDoor): Promise<UsageSamples> {
  const before = await sample(door)
  await sleep(door.parts.clock, SAMPLE_MS)
  return { before, now: await sample(door) }
}

async function sample({ parts, allPods }: StreamDoor): Promise<UsageSample> {
  const usages = await Promise.all(allPods().map((worker) => podUsage(parts.cgroups, worker)))
  return { atMs: parts.clock.nowMs(), pods: usages.filter((one) => one !== undefined), node: machineUsage() }
}
