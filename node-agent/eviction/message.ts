import { quantityValue } from '../../shared/model/quantity.ts'
import { boundOf, inBinary, inDecimal, runningContainers } from './amounts.ts'
import type { Amount } from './decide.ts'
import type { Candidate } from './rank.ts'
import { shareOf, type Starved, type Threshold } from './thresholds.ts'

/** What is told of an eviction: status, event and condition. */
export interface EvictionWords {
  readonly message: string
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** As it was written, or the part of what there is. */
const thresholdQuantity = ({ below }: Threshold, { capacity }: Amount): string => (below.kind === 'amount' && below.written !== undefined ? below.written : inBinary(shareOf(below, capacity)))

/** Kubelet's words, blank at the end included. Pure. */
export function pressureWords({ pod, use }: Candidate, starved: Starved, met: { readonly threshold: Threshold; readonly amount: Amount | undefined }): EvictionWords {
  const { threshold, amount } = met
  const exceeded = runningContainers(pod).flatMap((container) => {
    const found = use?.containers.find(({ name }) => name === container.name)
    const bytes = starved === 'memory' ? found?.memoryBytes : starved === 'ephemeral-storage' ? found?.storageBytes : undefined
    const request = boundOf(container, 'requests', starved)
    return bytes === undefined || bytes <= quantityValue(request) ? [] : [{ name: container.name, usage: inBinary(bytes), request: request ?? '0' }]
  })
  const low = `The node was low on resource: ${starved}. `
  const thresholdWords = amount === undefined ? '' : `Threshold quantity: ${thresholdQuantity(threshold, amount)}, available: ${(starved === 'pids' || starved === 'inodes' ? inDecimal : inBinary)(amount.available)}. `
  const containers = exceeded.map(({ name, usage, request }) => `Container ${name} was using ${usage}, request is ${request}, has larger consumption of ${starved}. `)
  return {
    message: `${low}${thresholdWords}${containers.join('')}`,
    annotations: { offending_containers: exceeded.map(({ name }) => name).join(','), offending_containers_usage: exceeded.map(({ usage }) => usage).join(','), starved_resource: starved },
  }
}
