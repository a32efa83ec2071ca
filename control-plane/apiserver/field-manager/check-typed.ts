/** Whether a configuration fits its schema, in the words of server-side apply. */
import { goQuote } from '../../../shared/model/go-text.ts'
import { isJsonObject, isNumber, type Json } from '../../../shared/model/json.ts'
import type { ListType, ScalarKind, Type } from '../../../shared/model/schemas/types.ts'
import { elementText, itemElement } from './path-element.ts'

/** What is wrong, as one text; `undefined` if nothing is. */
export function typedProblem(type: Type, value: Json): string | undefined {
  const problems: string[] = []
  check(type, value, { path: '', problems })
  if (problems.length <= 1) return problems[0]
  return ['errors:', ...problems.map((problem) => `  ${problem}`)].join('\n')
}

interface Place {
  readonly path: string
  readonly problems: string[]
}

const say = ({ path, problems }: Place, message: string): void => void problems.push(path === '' ? message : `${path}: ${message}`)
const under = (place: Place, text: string): Place => ({ path: `${place.path}${text}`, problems: place.problems })

function check(type: Type, value: Json, place: Place): void {
  if (value === null || type.kind === 'any' || type.kind === 'deduced') return
  switch (type.kind) {
    case 'object':
    case 'map':
      return checkMembers(type, value, place)
    case 'list':
      return checkItems(type, value, place)
    default:
      return checkScalar(type.kind, value, place)
  }
}

function checkMembers(type: Extract<Type, { readonly kind: 'object' | 'map' }>, value: Json, place: Place): void {
  if (!isJsonObject(value)) return say(place, `expected map, got &{${plain(value)}}`)
  for (const [name, member] of Object.entries(value)) {
    const below = type.kind === 'map' ? type.values : type.fields.get(name)?.type
    if (below) check(below, member, under(place, `.${name}`))
    else if (type.kind === 'object' && !type.open) say(under(place, `.${name}`), 'field not declared in schema')
  }
}

function checkItems(type: ListType, value: Json, place: Place): void {
  if (!Array.isArray(value)) return say(place, `expected list, got &{${plain(value)}}`)
  const seen = new Set<string>()
  for (const [index, item] of (value as readonly Json[]).entries()) {
    const known = type.listType === 'atomic' ? undefined : itemElement(type, item)
    if (known?.kind === 'problem') {
      say(place, `element ${index}: ${known.message}`)
      return
    }
    const text = known ? elementText(known.element) : `[${index}]`
    if (known && seen.has(known.element)) say(place, `duplicate entries for key ${text}`)
    if (known) seen.add(known.element)
    check(type.items, item, under(place, text))
  }
}

type Wanted = 'string' | 'number' | 'boolean' | 'any'
const wantedOf: Readonly<Record<ScalarKind, Wanted>> = { string: 'string', bytes: 'string', int32: 'number', int64: 'number', number: 'number', boolean: 'boolean', time: 'any', microTime: 'any', quantity: 'any', intOrString: 'any' }

function checkScalar(kind: ScalarKind, value: Json, place: Place): void {
  const wanted = wantedOf[kind]
  if (wanted === 'any' ? typeof value !== 'object' : wanted === 'number' ? isNumber(value) : typeof value === wanted) return
  if (wanted === 'number') say(place, `expected numeric (int or float), got ${goType(value)}`)
  else say(place, `expected ${wanted === 'any' ? 'any scalar' : wanted}, got &value.valueUnstructured{Value:${goSyntax(value)}}`)
}

function goType(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'map[string]interface {}'
}

/** As `%#v` prints a value. */
function goSyntax(value: Json): string {
  if (typeof value === 'string') return goQuote(value)
  if (Array.isArray(value)) return `[]interface {}{${(value as readonly Json[]).map(goSyntax).join(', ')}}`
  if (isJsonObject(value)) return `map[string]interface {}{${Object.entries(value).map(([key, member]) => `${goQuote(key)}:${goSyntax(member)}`).join(', ')}}`
  return value === null ? 'interface {}(nil)' : JSON.stringify(value)
}

const plain = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))
