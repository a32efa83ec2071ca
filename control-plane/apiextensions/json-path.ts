/** The part of JSONPath that printer columns use: names, indexes, `*`, and filters on one member. PURE. */
import { isJsonObject, isNumber, type Json, wholeNumber } from '../../shared/model/json.ts'

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'deep'; readonly name: string }
  | { readonly kind: 'where'; readonly path: readonly string[]; readonly operator: string; readonly value: Json | undefined }

const STEP = /\.\.([\w-]+)|\.((?:\\.|[^.[\]\\])+)|\[(-?\d+)\]|\[(\*)\]|\[(['"])(.*?)\5\]|\[\?\(@((?:\.[\w-]+)+)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[\w.-]+)\s*)?\)\]/y

/** `undefined` for what is no path. */
export function parseJsonPath(text: string): readonly Step[] | undefined {
  const steps: Step[] = []
  let at = 0
  while (at < text.length) {
    STEP.lastIndex = at
    const match = STEP.exec(text)
    if (!match) return text === '.' ? [] : undefined
    at = STEP.lastIndex
    const [, deep, name, index, all, , quoted, path, operator, value] = match
    if (deep !== undefined) steps.push({ kind: 'deep', name: deep })
    else if (name !== undefined) steps.push(name === '*' ? { kind: 'all' } : { kind: 'member', name: name.replace(/\\(.)/g, '$1') })
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) })
    else if (all !== undefined) steps.push({ kind: 'all' })
    else if (quoted !== undefined) steps.push({ kind: 'member', name: quoted })
    else steps.push({ kind: 'where', path: (path ?? '').slice(1).split('.'), operator: operator ?? '', value: value === undefined ? undefined : literal(value) })
  }
  return steps
}

function literal(text: string): Json {
  if (/^["']/.test(text)) return text.slice(1, -1)
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d{1,19}$/.test(text)) return wholeNumber(BigInt(text))
  return Number.isNaN(Number(text)) ? text : Number(text)
}

/** Everything the path leads to, in order. */
export const valuesAt = (root: Json, steps: readonly Step[]): readonly Json[] => steps.reduce<readonly Json[]>((values, step) => values.flatMap((value) => follow(value, step)), [root])

function follow(value: Json, step: Step): readonly Json[] {
  switch (step.kind) {
    case 'member':
      return isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name] ?? null] : []
    case 'index': {
      const item = Array.isArray(value) ? (value as readonly Json[]).at(step.index) : undefined
      return item === undefined ? [] : [item]
    }
    case 'all':
      return Array.isArray(value) ? (value as readonly Json[]) : isJsonObject(value) ? Object.values(value) : []
    case 'deep':
      return [...(isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name] ?? null] : []), ...inside(value).flatMap((inner) => follow(inner, step))]
    case 'where':
      return (Array.isArray(value) ? (value as readonly Json[]) : []).filter((item) => holds(item, step))
  }
}

const inside = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : isJsonObject(value) ? Object.values(value) : [])

function holds(item: Json, { path, operator, value: wanted }: Extract<Step, { readonly kind: 'where' }>): boolean {
  let value: Json | undefined = item
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined
  if (value === undefined) return false
  switch (operator) {
    case '':
      return true
    case '==':
      return value === wanted
    case '!=':
      return value !== wanted
    default:
      return compares(value, wanted, operator)
  }
}

function compares(left: Json, right: Json | undefined, operator: string): boolean {
  if (typeof left === 'string' && typeof right === 'string') return isInOrder(left, right, operator)
  return isNumber(left) && isNumber(right) && isInOrder(left, right, operator)
}

function isInOrder<T extends string | number | bigint>(left: T, right: T, operator: string): boolean {
  if (operator === '<') return left < right
  if (operator === '>') return left > right
  return operator === '<=' ? left <= right : left >= right
}
