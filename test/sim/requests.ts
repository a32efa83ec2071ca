import type { Pod } from '../../shared/model/gen/api.ts'

export interface Requests {
  readonly cpuMillis: number
  readonly memoryBytes: number
}

const UNITS: Readonly<Record<string, number>> = { '': 1, m: 1 / 1000, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }

/** Read again here, so that the judge does not share the scheduler's arithmetic. Knows the forms that scenarios use. */
function amount(text: string | number | undefined): number {
  const match = /^(\d+(?:\.\d+)?)(m|Ki|Mi|Gi)?$/.exec(String(text ?? '0'))
  if (!match) throw new Error(`a scenario uses the quantity ${text}: teach test/sim/requests.ts its form`)
  return Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1)
}

/** What a pod's containers ask for together. */
export function podRequests(pod: Pick<Pod, 'metadata' | 'spec'>): Requests {
  const of = (name: string): number => (pod.spec?.containers ?? []).reduce((sum, one) => sum + amount((one.resources?.requests as Readonly<Record<string, string | number>> | undefined)?.[name]), 0)
  return { cpuMillis: Math.round(of('cpu') * 1000), memoryBytes: of('memory') }
}
