/** What every type and field of the API means, in Kubernetes' words. Read when a document is first asked for, and forgotten again: it is large and rarely needed. */
import { readFile } from 'node:fs/promises'
import type { Schema } from '../../../shared/model/schemas/schema.ts'
import { descriptionFile } from './description-file.ts'

/** By type, then by field; the type's own under `''`. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>

export const readDescriptions = async (): Promise<Descriptions> => JSON.parse(await readFile(descriptionFile, 'utf8')) as Descriptions

/** The schema with the descriptions of its type and fields in front. */
export function withDescriptions(name: string, schema: Schema, descriptions: Descriptions): Schema {
  const texts = descriptions[name]
  if (!texts) return schema
  const { '': own, ...fields } = texts
  const properties = schema.properties && Object.fromEntries(Object.entries(schema.properties).map(([field, property]) => [field, fields[field] === undefined ? property : { description: fields[field], ...property }]))
  return { ...(own === undefined ? {} : { description: own }), ...schema, ...(properties && { properties }) }
}
