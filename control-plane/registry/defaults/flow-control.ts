import type { FlowSchema, LimitedPriorityLevelConfiguration, PriorityLevelConfiguration, PriorityLevelConfigurationSpec } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapMember } from './fill.ts'

const PRECEDENCE = 1000
const LIMITED_SHARES = 30
const QUEUING = { queues: 64, handSize: 8, queueLengthLimit: 50 } as const

export const defaultFlowSchema = (schema: FlowSchema): FlowSchema => mapMember(schema, 'spec', (spec) => fillZero(spec, { matchingPrecedence: PRECEDENCE }))

function defaultLimited(limited: LimitedPriorityLevelConfiguration): LimitedPriorityLevelConfiguration {
  const filled = fillAbsent(limited, { nominalConcurrencyShares: LIMITED_SHARES, lendablePercent: 0 })
  return mapMember(filled, 'limitResponse', (response) => mapMember(response, 'queuing', (queuing) => fillZero(queuing, QUEUING)))
}

export const defaultPriorityLevel = (level: PriorityLevelConfiguration): PriorityLevelConfiguration =>
  mapMember(level, 'spec', (spec) => {
    const limited: PriorityLevelConfigurationSpec = mapMember(spec, 'limited', defaultLimited)
    return mapMember(limited, 'exempt', (exempt) => fillAbsent(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 }))
  })
