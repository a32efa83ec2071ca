/** `explain`: the fields of a kind, from the schemas that the API is made of. */
import { schemaOfKind, findSchema, refName, type Schema } from '../../shared/model/schemas/schema.ts'
import { suggest } from '../../shared/model/suggest.ts'
import { apiVersionOf, resourcesFor } from '../cluster/resources.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'Show the fields of a kind',
  usage: 'TYPE[.FIELD...]',
  examples: '# A kind\ngantry explain pods\n\n# A field of it\ngantry explain pods.spec.containers',
  flags: [toggle('recursive', 'All fields below, too'), text('api-version', 'Of which version'), text('output', 'Accepted as kubectl has it', { short: 'o' })],
  run: explainField,
}

const shortName = (name: string): string => name.split('.').at(-1) ?? name

/** `[]Container`, `map[string]Quantity`, `integer` */
export function typeText(schema: Schema): string {
  const ref = refName(schema)
  if (ref !== undefined) return shortName(ref)
  if (schema.items) return `[]${typeText(schema.items)}`
  if (typeof schema.additionalProperties === 'object') return `map[string]${typeText(schema.additionalProperties)}`
  return schema.type ?? 'Object'
}

/** What is behind references, items and values. */
function inner(schema: Schema): Schema {
  const ref = refName(schema)
  if (ref !== undefined) return findSchema(ref) ?? {}
  if (schema.items) return inner(schema.items)
  return typeof schema.additionalProperties === 'object' ? inner(schema.additionalProperties) : schema
}

async function explainField(call: Call): Promise<void> {
  const [words, ...more] = call.args
  if (words === undefined || more.length > 0) throw usageProblem('You must specify the type of resource to explain. Use "gantry api-resources" for a complete list of supported resources.', 'explain')
  const [type = '', ...path] = words.split('.')
  const [resource] = await resourcesFor(await call.cluster(), type)
  if (!resource) return
  const apiVersion = call.flags.text('api-version') ?? apiVersionOf(resource)
  const name = schemaOfKind(apiVersion, resource.kind)
  let schema = name === undefined ? undefined : findSchema(name)
  if (!schema) throw new Problem(`couldn't find a schema of ${resource.kind} in ${apiVersion}`)
  let field: { readonly name: string; readonly type: string } | undefined
  for (const step of path) {
    const properties: Readonly<Record<string, Schema>> = inner(schema).properties ?? {}
    const next: Schema | undefined = properties[step]
    if (!next) {
      const near = suggest(step, Object.keys(properties))
      throw new Problem(`field "${step}" does not exist${near === undefined ? '' : `: did you mean "${near}"?`}`)
    }
    schema = next
    field = { name: step, type: typeText(next) }
  }
  const [version = '', group = ''] = apiVersion.includes('/') ? apiVersion.split('/').toReversed() : [apiVersion]
  call.terminal.out(`${group === '' ? '' : `GROUP:      ${group}\n`}KIND:       ${resource.kind}\nVERSION:    ${version}\n\n${field ? `FIELD: ${field.name} <${field.type}>\n\n` : ''}${fieldsText(inner(schema), { recursive: call.flags.is('recursive'), level: 0, above: [] })}`)
}

interface Listing {
  readonly recursive: boolean
  readonly level: number
  /** Schemas that this one is in: one may hold itself. */
  readonly above: readonly Schema[]
}

function fieldsText(schema: Schema, { recursive, level, above }: Listing): string {
  const properties = Object.entries(schema.properties ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const margin = '  '.repeat(level + 1)
  const lines = properties.map(([name, property]) => {
    const required = schema.required?.includes(name) ? ' -required-' : ''
    const allowed = property.enum ? `\n${margin}enum: ${property.enum.map(String).join(', ')}` : ''
    const below = inner(property)
    const deeper = recursive && below !== schema && !above.includes(below) ? fieldsText(below, { recursive, level: level + 1, above: [...above, schema] }) : ''
    return `${margin}${name}\t<${typeText(property)}>${required}${allowed}\n${deeper}`
  })
  return level === 0 ? (lines.length === 0 ? '' : `FIELDS:\n${lines.join('')}`) : lines.join('')
}
