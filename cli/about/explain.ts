/** `explain`: the fields of a kind, as the server describes them, laid out as kubectl does. */
import { refName, type Schema } from '../../shared/model/schemas/schema.ts'
import { suggest } from '../../shared/model/suggest.ts'
import { apiVersionOf, resourcesFor } from '../cluster/resources.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { schemasOf, type DescribedSchema, type Schemas } from './explain-schemas.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'Show the fields of a kind',
  usage: 'TYPE[.FIELD...]',
  examples: '# A kind\ngantry explain pods\n\n# A field of it\ngantry explain pods.spec.containers',
  flags: [toggle('recursive', 'All fields below, too'), text('api-version', 'Of which version'), text('output', 'Accepted as kubectl has it', { short: 'o' })],
  run: explainField,
}

const shortName = (name: string): string => name.split('.').at(-1) ?? name

/** `[]Container`, `map[string]Quantity`, `integer`; a name that stands for a plain value is told as that. */
export function typeText(schemas: Schemas, schema: Schema): string {
  const ref = refName(schema)
  if (ref !== undefined) {
    const { type = 'object' } = schemas.find(ref) ?? {}
    return type === 'object' ? shortName(ref) : type
  }
  if (schema.items) return `[]${typeText(schemas, schema.items)}`
  if (typeof schema.additionalProperties === 'object') return `map[string]${typeText(schemas, schema.additionalProperties)}`
  return schema.type ?? 'Object'
}

/** What is behind references, items and values; with the description on each step of the way. */
function inner(schemas: Schemas, schema: DescribedSchema): { readonly schema: DescribedSchema; readonly descriptions: readonly string[] } {
  const said = schema.description === undefined ? [] : [schema.description]
  const ref = refName(schema)
  const below = ref === undefined ? (schema.items ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined)) : schemas.find(ref)
  if (!below) return { schema: ref === undefined ? schema : {}, descriptions: said }
  const found = inner(schemas, below)
  return { schema: found.schema, descriptions: [...said, ...found.descriptions] }
}

interface Field {
  readonly name: string
  readonly type: string
}

async function explainField(call: Call): Promise<void> {
  const [words, ...more] = call.args
  if (words === undefined || more.length > 0) throw usageProblem('You must specify the type of resource to explain. Use "gantry api-resources" for a complete list of supported resources.', 'explain')
  const [type = '', ...path] = words.split('.')
  const cluster = await call.cluster()
  const [resource] = await resourcesFor(cluster, type)
  if (!resource) return
  const apiVersion = call.flags.text('api-version') ?? apiVersionOf(resource)
  const schemas = await schemasOf(cluster, apiVersion)
  const top = schemas.ofKind(apiVersion, resource.kind)
  if (!top) throw new Problem(`couldn't find a schema of ${resource.kind} in ${apiVersion}`)
  const { schema, field } = descend(schemas, top, path)
  const [version = '', group = ''] = apiVersion.includes('/') ? apiVersion.split('/').toReversed() : [apiVersion]
  const { schema: below, descriptions } = inner(schemas, schema)
  const head = `${group === '' ? '' : `GROUP:      ${group}\n`}KIND:       ${resource.kind}\nVERSION:    ${version}\n\n${field ? `FIELD: ${field.name} <${field.type}>\n${enumText(schema) || '\n'}\n` : ''}`
  const description = descriptions.length === 0 ? '    <empty>\n' : `${descriptions.map((one) => `${wrapped(one, 4)}\n`).join('')}    \n`
  call.terminal.out(`${head}DESCRIPTION:\n${description}${fieldsText(schemas, below, { recursive: call.flags.is('recursive'), level: 0, above: [] })}\n`)
}

function descend(schemas: Schemas, top: DescribedSchema, path: readonly string[]): { readonly schema: DescribedSchema; readonly field: Field | undefined } {
  let schema = top
  let field: Field | undefined
  for (const step of path) {
    const properties: Readonly<Record<string, Schema>> = inner(schemas, schema).schema.properties ?? {}
    const next: Schema | undefined = properties[step]
    if (!next) {
      const near = suggest(step, Object.keys(properties))
      throw new Problem(`field "${step}" does not exist${near === undefined ? '' : `: did you mean "${near}"?`}`)
    }
    schema = next
    field = { name: step, type: typeText(schemas, next) }
  }
  return { schema, field }
}

const WIDTH = 80

/** Each paragraph broken into lines between words, so far from the margin. */
function wrapped(words: string, indent: number): string {
  const margin = ' '.repeat(indent)
  return words
    .split('\n')
    .map((paragraph) => {
      const lines: string[] = []
      for (const word of paragraph.split(' ')) {
        const last = lines.at(-1)
        if (last !== undefined && last.length + 1 + word.length <= WIDTH - indent) lines.splice(-1, 1, `${last} ${word}`)
        else lines.push(word)
      }
      return lines.map((line) => `${margin}${line.trimEnd()}`).join('\n')
    })
    .join('\n')
}

const enumText = ({ enum: values }: Schema): string => (values ? `ENUM:\n${values.map((value) => `    ${String(value)}\n`).join('')}` : '')

interface Listing {
  readonly recursive: boolean
  readonly level: number
  /** Schemas that this one is in: one may hold itself. */
  readonly above: readonly Schema[]
}

function fieldsText(schemas: Schemas, schema: DescribedSchema, { recursive, level, above }: Listing): string {
  const properties: ReadonlyArray<readonly [string, DescribedSchema]> = Object.entries(schema.properties ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const margin = '  '.repeat(level + 1)
  const lines = properties.map(([name, property]) => {
    const required = schema.required?.includes(name) ? ' -required-' : ''
    const allowed = property.enum ? `\n${margin}enum: ${property.enum.map(String).join(', ')}` : ''
    const line = `${margin}${name}\t<${typeText(schemas, property)}>${required}${allowed}\n`
    if (!recursive) return `${line}${property.description === undefined ? '    <no description>' : wrapped(property.description, 4)}\n\n`
    const below = inner(schemas, property).schema
    return line + (below !== schema && !above.includes(below) ? fieldsText(schemas, below, { recursive, level: level + 1, above: [...above, schema] }) : '')
  })
  return level === 0 ? (lines.length === 0 ? '' : `FIELDS:\n${lines.join('')}`) : lines.join('')
}
