/** The table of functions: signatures as text, read once. */
import { type CelType, parseType, splitTypes } from './types.ts'
import type { Equal, Value } from './values.ts'

export type Apply = (...args: Value[]) => Value
/** A function that compares values: by what counts how much it looks at. */
export type Comparing = (equal: Equal) => Apply

export interface Overload {
  /** With a target it is a method, whose target is the first parameter. */
  readonly isMethod: boolean
  readonly params: readonly CelType[]
  readonly result: CelType
  apply(equal: Equal, args: Value[]): Value
}

/** By name; namespaced functions under their whole name: `sets.contains`. */
export type Functions = ReadonlyMap<string, readonly Overload[]>

const NAMESPACES: ReadonlySet<string> = new Set(['sets', 'lists', 'optional', 'format', 'ip', 'strings', 'jsonpatch'])
const SIGNATURE = /^(?:(.+)\.)?([\w@!?:_[\]&|<>=+\-*/%]+)\((.*)\): (.+)$/s

/** `'string.startsWith(string): bool'`, `'size(list<A>): int'`, `'sets.contains(list<A>, list<A>): bool'`. */
export function functionsOf(table: Readonly<Record<string, Apply>>, comparing: Readonly<Record<string, Comparing>>): Functions {
  const functions = new Map<string, Overload[]>()
  const all: ReadonlyArray<readonly [string, Overload['apply']]> = [
    ...Object.entries(table).map(([signature, apply]) => [signature, (_equal: Equal, args: Value[]) => apply(...args)] as const),
    ...Object.entries(comparing).map(([signature, made]) => [signature, (equal: Equal, args: Value[]) => made(equal)(...args)] as const),
  ]
  for (const [signature, apply] of all) {
    const match = SIGNATURE.exec(signature)
    if (!match) throw new Error(`a signature that cannot be read: ${signature}`)
    const [, target, name = '', args = '', result = ''] = match
    const isNamespace = target !== undefined && NAMESPACES.has(target)
    const isMethod = target !== undefined && !isNamespace
    const params = [...(isMethod ? [target] : []), ...splitTypes(args)].map(parseType)
    const full = isNamespace ? `${target}.${name}` : name
    functions.set(full, [...(functions.get(full) ?? []), { isMethod, params, result: parseType(result), apply }])
  }
  return functions
}
