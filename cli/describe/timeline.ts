/** What Gantry itself notes on a pod: how long each part of its start took. */
import type { Pod } from '../../shared/model/gen/api.ts'
import { START_TIMELINE } from '../../shared/model/start-timeline.ts'
import type { Page } from './page.ts'

interface Step {
  readonly step: string
  readonly ms: number
}

/** `[{"step":"image","ms":3}]`; anything else stands among the annotations only. */
function stepsOf(text: string | undefined): readonly Step[] {
  try {
    const steps = JSON.parse(text ?? '[]') as unknown
    return Array.isArray(steps) ? (steps as unknown[]).filter((one): one is Step => typeof one === 'object' && one !== null && 'step' in one && 'ms' in one) : []
  } catch {
    return []
  }
}

export function timelineLines(page: Page, { metadata }: Pod): void {
  const steps = stepsOf(metadata.annotations?.[START_TIMELINE])
  if (steps.length === 0) return
  page.line(0, 'Start:')
  for (const { step, ms } of steps) page.line(1, `${step}:\t${ms} ms`)
}
