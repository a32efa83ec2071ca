import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ServicePort } from './port.ts'
import { EMPTY_RULES, planChange, planRebuild, type RuleSet } from './rule-set.ts'
import { rulesOf } from './service-rules.ts'

/** A table as the kernel would have it: refuses what the kernel refuses. */
class ModelTable {
  readonly chains = new Map<string, string[]>()
  readonly sets = new Map<string, Map<string, string>>()

  apply(commands: readonly string[]): void {
    for (const command of commands) this.#one(command)
  }

  #one(command: string): void {
    const [, verb = '', kind = '', rest = ''] = /^(\w+) (table|set|map|chain|rule|element) ip gantry ?(.*)$/.exec(command) ?? []
    const name = rest.split(' ')[0] ?? ''
    const body = rest.slice(name.length + 1)
    switch (`${verb} ${kind}`) {
      case 'add table':
        return
      case 'delete table':
        this.chains.clear()
        this.sets.clear()
        return
      case 'add set':
      case 'add map':
        return void this.sets.set(name, this.sets.get(name) ?? new Map())
      case 'add chain':
        return void this.chains.set(name, this.chains.get(name) ?? [])
      case 'flush chain':
        return void this.#chain(name).splice(0)
      case 'add rule':
        this.#checkReferences(body)
        return void this.#chain(name).push(body)
      case 'delete chain':
        if (this.#references().some((text) => text.includes(` ${name} `))) throw new Error(`${name} is in use`)
        this.#chain(name)
        return void this.chains.delete(name)
      case 'delete set':
      case 'delete map':
        if ([...this.chains.values()].flat().some((rule) => `${rule} `.includes(`@${name} `))) throw new Error(`@${name} is in use`)
        return void this.sets.delete(name)
      case 'add element':
      case 'delete element':
        return this.#elements(verb, name, body)
      default:
        throw new Error(`nobody knows ${command}`)
    }
  }

  #elements(verb: string, name: string, body: string): void {
    const set = this.sets.get(name)
    if (set === undefined) throw new Error(`there is no set ${name}`)
    for (const element of body.slice(2, -2).split(', ')) {
      const [key = '', value = ''] = element.split(' : ')
      if (verb === 'add') {
        this.#checkReferences(value)
        if (set.has(key)) throw new Error(`${key} is there`)
        set.set(key, value)
      } else if (!set.delete(key)) throw new Error(`${key} is not there`)
    }
  }

  #chain(name: string): string[] {
    const chain = this.chains.get(name)
    if (chain === undefined) throw new Error(`there is no chain ${name}`)
    return chain
  }

  #references(): readonly string[] {
    return [...[...this.chains.values()].flat(), ...[...this.sets.values()].flatMap((set) => [...set.values()])].map((text) => ` ${text.replaceAll(',', ' ')} `)
  }

  #checkReferences(text: string): void {
    for (const [, chain = ''] of text.matchAll(/(?:goto|jump) ([^\s,]+)/g)) this.#chain(chain)
    for (const [, set = ''] of text.matchAll(/@(\S+)/g)) if (!this.sets.has(set)) throw new Error(`there is no set ${set}`)
  }
}

const contentOf = (rules: RuleSet): unknown => ({
  chains: Object.fromEntries([...rules.chains].map(([name, { rules: list }]) => [name, list])),
  sets: Object.fromEntries([...rules.sets].map(([name, { elements }]) => [name, Object.fromEntries(elements ?? [])] as const)),
})
const contentOfModel = (table: ModelTable): unknown => ({
  chains: Object.fromEntries(table.chains),
  sets: Object.fromEntries([...table.sets].map(([name, elements]) => [name, Object.fromEntries(elements)] as const)),
})

const endpoint = fc.record({ ip: fc.constantFrom('10.244.1.2', '10.244.1.3', '10.244.2.2'), port: fc.constantFrom(80, 8080) })
const endpoints = fc.uniqueArray(endpoint, { maxLength: 4, selector: ({ ip, port }) => `${ip}:${port}` })
const service = (at: number): fc.Arbitrary<ServicePort> =>
  fc.record({
    name: fc.constant(`ns/s${at}:`),
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    clusterIPs: fc.constant([`10.96.0.${at + 10}`]),
    externalIPs: fc.constantFrom([], [`192.0.2.${at + 10}`]),
    port: fc.constantFrom(80, 81),
    nodePort: fc.constantFrom(undefined, 30000 + at),
    affinitySeconds: fc.constantFrom(undefined, 60),
    endpoints,
    internalLocal: fc.boolean(),
    externalLocal: fc.boolean(),
    localEndpoints: endpoints,
  })
const services = fc.tuple(...[0, 1, 2].map((at) => fc.option(service(at), { nil: undefined }))).map((list) => list.filter((one) => one !== undefined))
const desired = services.map((list) => rulesOf({ config: { bridge: 'gt0', podCidr: '10.244.1.0/24', clusterCidr: '10.244.0.0/16' }, services: list, hostPorts: [] }))

describe('planChange', () => {
  it('safety: the kernel takes every step, and has what is wanted at the end', () => {
    fc.assert(
      fc.property(desired, desired, (before, after) => {
        const table = new ModelTable()
        table.apply(planChange('gantry', EMPTY_RULES, before))
        expect(contentOfModel(table)).toEqual(contentOf(before))
        table.apply(planChange('gantry', before, after))
        expect(contentOfModel(table)).toEqual(contentOf(after))
        table.apply(planRebuild('gantry', before))
        expect(contentOfModel(table)).toEqual(contentOf(before))
      }),
      { numRuns: 200 },
    )
  })

  it('liveness: planning twice gives no second step', () => {
    fc.assert(fc.property(services, (list) => planChange('gantry', rulesOf({ config: { bridge: 'b', podCidr: '10.0.0.0/24', clusterCidr: '10.0.0.0/16' }, services: list, hostPorts: [] }), rulesOf({ config: { bridge: 'b', podCidr: '10.0.0.0/24', clusterCidr: '10.0.0.0/16' }, services: [...list], hostPorts: [] })).length === 0))
  })
})
