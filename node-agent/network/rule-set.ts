/**
 * The contents of one nftables table as data, and the commands that turn one into another by the smallest change. Pure.
 *
 * Everything of one answer is meant to be one transaction: no packet ever sees half of it.
 */
export interface RuleSet {
  readonly sets: ReadonlyMap<string, NamedSet>
  readonly chains: ReadonlyMap<string, Chain>
}

export interface NamedSet {
  readonly kind: 'set' | 'map'
  /** `type ipv4_addr . inet_proto . inet_service : verdict;` */
  readonly definition: string
  /** Key to value (empty for a set); undefined where packets fill it themselves. */
  readonly elements?: ReadonlyMap<string, string>
}

export interface Chain {
  /** `type nat hook prerouting priority -100;` for one the kernel calls. */
  readonly hook?: string
  readonly rules: readonly string[]
}

export const EMPTY_RULES: RuleSet = { sets: new Map(), chains: new Map() }

/** nft reads a line as a whole; a command with thousands of elements is cut into pieces. */
const ELEMENTS_PER_COMMAND = 500

const NO_ELEMENTS: ReadonlyMap<string, string> = new Map()

/** Adds come before what refers to them, removals after. Nothing at all where both are equal. */
export function planChange(table: string, before: RuleSet, after: RuleSet): readonly string[] {
  const commands = [
    ...newSets(table, before, after),
    ...newChains(table, before, after),
    ...changedChains(table, before, after),
    ...changedElements(table, before, after),
    ...goneChains(table, before, after),
    ...goneSets(table, before, after),
  ]
  return commands.length === 0 ? [] : [`add table ip ${table}`, ...commands]
}

/** All of it anew, whatever was there. */
export const planRebuild = (table: string, after: RuleSet): readonly string[] => [`add table ip ${table}`, `delete table ip ${table}`, `add table ip ${table}`, ...planChange(table, EMPTY_RULES, after)]

function newSets(table: string, before: RuleSet, after: RuleSet): readonly string[] {
  return [...after.sets].filter(([name]) => !before.sets.has(name)).map(([name, { kind, definition }]) => `add ${kind} ip ${table} ${name} { ${definition} }`)
}

function newChains(table: string, before: RuleSet, after: RuleSet): readonly string[] {
  return [...after.chains].filter(([name]) => !before.chains.has(name)).map(([name, { hook }]) => `add chain ip ${table} ${name}${hook === undefined ? '' : ` { ${hook} }`}`)
}

function changedChains(table: string, before: RuleSet, after: RuleSet): readonly string[] {
  return [...after.chains]
    .filter(([name, { rules }]) => !sameRules(before.chains.get(name)?.rules, rules))
    .flatMap(([name, { rules }]) => [`flush chain ip ${table} ${name}`, ...rules.map((rule) => `add rule ip ${table} ${name} ${rule}`)])
}

function changedElements(table: string, before: RuleSet, after: RuleSet): readonly string[] {
  return [...after.sets].flatMap(([name, set]) => {
    const old = before.sets.get(name)?.elements ?? NO_ELEMENTS
    const now = set.elements ?? NO_ELEMENTS
    const gone = [...old].filter(([key, value]) => now.get(key) !== value).map(([key]) => key)
    const added = [...now].filter(([key, value]) => old.get(key) !== value).map(([key, value]) => (value === '' ? key : `${key} : ${value}`))
    return [...elementCommands(`delete element ip ${table} ${name}`, gone), ...elementCommands(`add element ip ${table} ${name}`, added)]
  })
}

function elementCommands(command: string, elements: readonly string[]): readonly string[] {
  const pieces: string[] = []
  for (let at = 0; at < elements.length; at += ELEMENTS_PER_COMMAND) pieces.push(`${command} { ${elements.slice(at, at + ELEMENTS_PER_COMMAND).join(', ')} }`)
  return pieces
}

/** Chains that go may refer to each other: all are emptied before the first is deleted. */
function goneChains(table: string, before: RuleSet, after: RuleSet): readonly string[] {
  const gone = [...before.chains.keys()].filter((name) => !after.chains.has(name))
  return [...gone.map((name) => `flush chain ip ${table} ${name}`), ...gone.map((name) => `delete chain ip ${table} ${name}`)]
}

function goneSets(table: string, before: RuleSet, after: RuleSet): readonly string[] {
  return [...before.sets].filter(([name]) => !after.sets.has(name)).map(([name, { kind }]) => `delete ${kind} ip ${table} ${name}`)
}

function sameRules(a: readonly string[] | undefined, b: readonly string[]): boolean {
  if (a === undefined) return b.length === 0
  return a.length === b.length && a.every((rule, at) => rule === b[at])
}
