/** Makes `shared/model/gen/api.ts` (TypeScript types of every API schema) from the recorded schemas. Run by the bootstrap. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema
  readonly allOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly ['x-kubernetes-group-version-kind']?: readonly unknown[]
}

const root = join(import.meta.dirname, '../..')
const target = join(root, 'shared/model/gen/api.ts')
const schemas = JSON.parse(readFileSync(join(root, 'shared/model/schemas/schemas.json'), 'utf8')) as Record<string, Schema>

/** `io.k8s.api.core.v1.Pod` → `Pod`; a name that several groups have gets its group and version in front, core/v1 and apps/v1 excepted. */
function typeNames(): Map<string, string> {
  const byShort = new Map<string, string[]>()
  for (const name of Object.keys(schemas)) {
    const short = name.slice(name.lastIndexOf('.') + 1)
    byShort.set(short, [...(byShort.get(short) ?? []), name])
  }
  const rank = (name: string): number => ['io.k8s.api.core.', 'io.k8s.apimachinery.', 'io.k8s.api.apps.'].findIndex((prefix) => name.startsWith(prefix)) + 1 || 99
  const names = new Map<string, string>()
  for (const [short, full] of byShort) {
    const [first, ...others] = full.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    if (first) names.set(first, short)
    for (const other of others) {
      const [version, group] = other.split('.').reverse().slice(1)
      const pascal = (word: string | undefined): string => (word ? word.charAt(0).toUpperCase() + word.slice(1) : '')
      names.set(other, `${pascal(group)}${pascal(version)}${short}`)
    }
  }
  return names
}

const names = typeNames()
const named = (ref: string): string => {
  const name = names.get(ref.slice(ref.lastIndexOf('/') + 1))
  if (!name) throw new Error(`unknown schema ${ref}`)
  return name
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return named(schema.$ref)
  if (schema.allOf?.[0]) return typeOf(schema.allOf[0])
  if (schema.oneOf) return schema.oneOf.map(typeOf).join(' | ')
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'array':
      return `ReadonlyArray<${typeOf(schema.items ?? {})}>`
    case 'object':
      if (schema.additionalProperties) return `Readonly<Record<string, ${typeOf(schema.additionalProperties)}>>`
      return 'Readonly<Record<string, unknown>>'
    default:
      return 'unknown'
  }
}

function declaration(name: string, schema: Schema): string {
  const short = names.get(name)
  if (!short) throw new Error(`no name for ${name}`)
  if (!schema.properties) return `export type ${short} = ${typeOf(schema)}\n`
  const required = new Set(schema.required ?? [])
  const isKind = schema['x-kubernetes-group-version-kind'] !== undefined
  const lines = Object.entries(schema.properties).map(([property, type]) => {
    const must = required.has(property) || (isKind && property === 'metadata')
    const key = /^[\w$]+$/.test(property) ? property : JSON.stringify(property)
    return `  readonly ${key}${must ? '' : '?'}: ${typeOf(type)}${must ? '' : ' | undefined'}`
  })
  return `export interface ${short} {\n${lines.join('\n')}\n}\n`
}

mkdirSync(dirname(target), { recursive: true })
const head = '// Made by deploy/bootstrap/generate-api-types.ts from shared/model/schemas/schemas.json. Do not edit.\n\n'
writeFileSync(target, head + Object.entries(schemas).map(([name, schema]) => declaration(name, schema)).join('\n'))
