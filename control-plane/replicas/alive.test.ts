import { expect, test } from 'vitest'
import { aliveReplicas, type AliveInput } from './alive.ts'

const at = (nowMs: number, input: Partial<AliveInput>): AliveInput => ({ own: '10.0.0.1', sightings: [], listed: [], known: new Set(), leadingSinceMs: 0, graceMs: 1_500, nowMs, ...input })
const seen = (host: string, seenMs: number): AliveInput['sightings'][number] => ({ key: `replicas/${host}`, host, seenMs })

test.each<[string, AliveInput, readonly string[], readonly string[]]>([
  ['the leader alone', at(0, {}), ['10.0.0.1'], []],
  ['whoever renews its record', at(5_000, { sightings: [seen('10.0.0.3', 4_000), seen('10.0.0.2', 4_900)] }), ['10.0.0.1', '10.0.0.2', '10.0.0.3'], []],
  ['nobody who has fallen silent', at(5_000, { sightings: [seen('10.0.0.2', 3_400)], listed: ['10.0.0.1', '10.0.0.2'], known: new Set(['10.0.0.2']) }), ['10.0.0.1'], ['replicas/10.0.0.2']],
  ['for a while, whoever was listed when the leader was new', at(1_000, { listed: ['10.0.0.1', '10.0.0.2'] }), ['10.0.0.1', '10.0.0.2'], []],
  ['and not any longer', at(2_000, { listed: ['10.0.0.1', '10.0.0.2'] }), ['10.0.0.1'], []],
  ['nobody who took its record back, however new the leader', at(1_000, { listed: ['10.0.0.1', '10.0.0.2'], known: new Set(['10.0.0.2']) }), ['10.0.0.1'], []],
])('%s', (_name, input, hosts, expired) => {
  expect(aliveReplicas(input)).toEqual({ hosts, expired })
})
