import { Fault } from '../../shared/kit/faults.ts'
import { parseGoDuration } from '../../shared/model/cron.ts'
import type { ImageGcPolicy } from './image-gc-plan.ts'

export interface ImageGcSettings {
  readonly imageGCHighThresholdPercent: number
  readonly imageGCLowThresholdPercent: number
  readonly imageMinimumGCAge: string
  readonly imageMaximumGCAge: string
}

/** Throws Fault('invalid') where kubelet's validation would refuse them, in its words. */
export function imageGcPolicy({ imageGCHighThresholdPercent: highPercent, imageGCLowThresholdPercent: lowPercent, imageMinimumGCAge, imageMaximumGCAge }: ImageGcSettings): ImageGcPolicy {
  for (const [name, percent] of Object.entries({ imageGCHighThresholdPercent: highPercent, imageGCLowThresholdPercent: lowPercent })) {
    if (!(percent >= 0 && percent <= 100)) throw new Fault('invalid', `invalid configuration: ${name} ${percent} must be between 0 and 100, inclusive`)
  }
  if (lowPercent >= highPercent) throw new Fault('invalid', `invalid configuration: imageGCLowThresholdPercent ${lowPercent} must be less than imageGCHighThresholdPercent ${highPercent}`)
  return { highPercent, lowPercent, minAgeMs: milliseconds('imageMinimumGCAge', imageMinimumGCAge), maxAgeMs: milliseconds('imageMaximumGCAge', imageMaximumGCAge) }
}

function milliseconds(name: string, text: string): number {
  const parsed = parseGoDuration(text)
  if (typeof parsed === 'string') throw new Fault('invalid', `invalid configuration: ${name}: ${parsed}`)
  return parsed
}
