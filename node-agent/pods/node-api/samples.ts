/** What the pods of this node use, looked at twice, so that a rate can be told. */
import { machineUsage } from '../../host/usage.ts'
import type { NodeUsage } from '../../stats/node-use.ts'
import { podUsage, type PodUsage } from '../../stats/stats.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import type { StreamDoor } from '../streams/place.ts'

export interface UsageSample {
  readonly atMs: number
  readonly pods: readonly PodUsage[]
  readonly node: NodeUsage
}

/** The two moments: their distance is what the rate is an average of. */
export interface UsageSamples {
  readonly before: UsageSample
  readonly now: UsageSample
}

const SAMPLE_MS = 250

/** Between these ages (ms) a sample is one that a rate is told from: over less time it would be chance, over more it would be history. */
const WINDOW_MS = { least: 1_000, renewed: 15_000, most: 60_000 } as const

/** What was seen when somebody asked before, by node. */
const earlier = new WeakMap<StreamDoor['parts'], UsageSample>()

/** The same for those who ask again and again: rates are averages since they asked before, as far as that makes sense. */
export async function usageSinceAsked(door: StreamDoor): Promise<UsageSamples> {
  const { parts } = door
  const kept = earlier.get(parts)
  const keptMs = kept === undefined ? Number.POSITIVE_INFINITY : parts.clock.nowMs() - kept.atMs
  const samples = kept !== undefined && keptMs >= WINDOW_MS.least && keptMs <= WINDOW_MS.most ? { before: kept, now: await sample(door, false) } : await sampleUsage(door)
  if (keptMs < 0 || keptMs >= WINDOW_MS.renewed) earlier.set(parts, samples.now)
  return samples
}

/** @param withFiles count what pods have written, too: a walk through their folders */
export async function sampleUsage(door: StreamDoor, withFiles = false): Promise<UsageSamples> {
  const before = await sample(door, false)
  await sleep(door.parts.clock, SAMPLE_MS)
  return { before, now: await sample(door, withFiles) }
}

async function sample({ parts, allPods }: StreamDoor, withFiles: boolean): Promise<UsageSample> {
  const { cgroups, snapshots, config, nodeUse = async () => machineUsage() } = parts
  const folders = withFiles ? { snapshots, logFolder: config.logFolder } : undefined
  const [node, usages] = await Promise.all([nodeUse(), Promise.all(allPods().map((worker) => podUsage({ cgroups, folders }, worker)))])
  return { atMs: parts.clock.nowMs(), pods: usages.filter((one) => one !== undefined), node }
}
